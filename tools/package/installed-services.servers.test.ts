import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { UserMachine } from './installed.fixture.ts'

describe.skipIf(!inject('servers'))('the services of an installed project', () => {
  let user: UserMachine
  beforeAll(async () => {
    user = await UserMachine.start()
  })
  afterAll(async () => {
    if (existsSync(join(user.folder, 'flats'))) await user.run('npx cairn down', 'flats').catch(() => {})
    user.close()
  })

  /** Kafka and MinIO that are built on this machine are not built again. */
  const cache = `XDG_CACHE_HOME='${process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')}'`

  test('start, run what was edited, are asked about it, and end', async () => {
    await user.run('npm create --yes cairn@latest flats', '.')
    expect(await user.run(`${cache} npx cairn up`, 'flats')).toMatch(/ready {2}rents\/evaluate-rent/)
    expect(await user.run('npx cairn run rents --on local', 'flats')).toMatch(/completed {2}rents\//)

    const file = join(user.folder, 'flats/pipelines/least-squares.ts')
    writeFileSync(file, readFileSync(file, 'utf8').replace('slope = covariance', 'slope = 1.01 * covariance'))
    const rerun = await user.run('npx cairn run rents --on local', 'flats')
    expect(rerun).toMatch(/split-flats +reused/)
    expect(rerun).toMatch(/fit-rent +computed/)
    expect(await user.run('npx cairn runs rents --on local', 'flats')).toMatch(
      /rents\/.*completed[^]*rents\/.*completed/,
    )
    expect(await user.run('npx cairn status', 'flats')).not.toMatch(/not ready|no answer/)
    expect(await user.run('npx cairn down', 'flats')).toContain('stopped; stored data is kept')
  })
})
