import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePorts } from '@cairn/drivers/free-ports'
import { isGone, pidOf } from '@cairn/drivers/process-id'
import { CliProject, type Ended, type Files } from './project.fixture.ts'

const FILES: Files = {
  'shop.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const sell = step('sell', { outputs: { sold: json<number>() }, run: () => ({ sold: 1 }) })
export const shop = pipeline('shop', () => sell({}))
`,
  'mail.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const send = step('send', {
  outputs: { length: json<number>() },
  secrets: ['MAIL_KEY'],
  run: (_, __, { secrets }) => ({ length: secrets.MAIL_KEY.length }),
})
export const mail = pipeline('mail', () => send({}))
`,
}
const KEY = 'open-sesame-7'
const OTHER_KEY = 'open-sesame-8'

interface Running {
  readonly supervisor: string
  readonly services: Readonly<Record<string, string>>
}

interface Up {
  readonly services: readonly { readonly name: string; readonly state: string }[]
  readonly changes: readonly object[]
  readonly missingSecrets: readonly object[]
}

describe.skipIf(!inject('servers'))('cairn up, for each service,', () => {
  const project = new CliProject(FILES)
  let first: Ended
  beforeAll(async () => {
    first = await project.cairnWith({ CAIRN_SECRET_MAIL_KEY: KEY }, 'up')
    if (first.code !== 0) throw new Error(first.stderr)
  })
  afterAll(async () => {
    await project.cairn('down')
  })

  /** The lines of its report, without those about building servers. */
  const linesOf = ({ stderr }: Ended) =>
    stderr
      .split('\n')
      .filter((line) => /^(started|restarted|stopped|unchanged|!) /.test(line))
      .sort()
  const json = async (env: Readonly<Record<string, string>>, ...names: string[]) => {
    const { code, stdout, stderr } = await project.cairnWith(env, '--json', 'up', ...names)
    expect([code, stdout + stderr]).toEqual([0, expect.not.stringContaining('open-sesame')])
    return JSON.parse(stdout) as Up
  }

  it('reports a start, and no secrets that are set', () => {
    expect(linesOf(first)).toEqual(
      ['control', 'kafka', 'mail/send', 'minio', 'shop/sell'].map((name) => `started    ${name}`),
    )
  })

  it('reports a restart and the missing secret, because secrets of an earlier start are not kept', async () => {
    const again = await project.cairn('up')
    expect([again.code, linesOf(again)]).toEqual([
      0,
      [
        '! mail/send  its secret MAIL_KEY is not set: set CAIRN_SECRET_MAIL_KEY, or add MAIL_KEY to .cairn/secrets.json, then cairn up',
        'restarted  mail/send: its secret MAIL_KEY is no longer set',
        expect.stringMatching(/^unchanged {2}((kafka|minio|control|shop\/sell)(, |$)){4}$/),
      ],
    ])
    const { code, stdout } = await project.cairn('run', 'mail', '--on', 'local')
    expect([code, stdout]).toEqual([3, expect.stringContaining('send needs the secret MAIL_KEY')])
  })

  it('reports new and changed secrets without their values', async () => {
    const found = await json({ CAIRN_SECRET_MAIL_KEY: KEY })
    const restarted = { name: 'mail/send', change: 'restarted' }
    expect(found.changes).toContainEqual({ ...restarted, why: 'its secret MAIL_KEY is new' })
    expect(found.missingSecrets).toEqual([])
    const other = await json({ CAIRN_SECRET_MAIL_KEY: OTHER_KEY })
    expect(other.changes).toContainEqual({ ...restarted, why: 'its secret MAIL_KEY has changed' })
    expect((await project.run('mail', '--on', 'local')).status).toBe('completed')
  })

  it('reports a stop if the project no longer has it, but not when it starts other services by name', async () => {
    rmSync(project.path('mail.pipeline.ts'))
    const named = await json({}, 'shop')
    expect(named.changes).toHaveLength(5)
    expect(named.changes).toContainEqual({ name: 'mail/send', change: 'unchanged' })
    const all = await json({})
    const stopped = { name: 'mail/send', change: 'stopped', why: 'the project no longer has it' }
    expect(all.changes).toHaveLength(5)
    expect(all.changes).toContainEqual(stopped)
    expect(all.services.map(({ name, state }) => `${name} ${state}`)).toEqual(
      ['kafka', 'minio', 'control', 'shop/sell'].map((name) => `${name} ready`),
    )
  })

  it('moves a server whose port was taken, and restarts what uses the server', async () => {
    const { supervisor, services } = JSON.parse(project.read('.cairn/stack/running.json')) as Running
    const { s3 } = JSON.parse(project.read('.cairn/stack/connection.json')) as { s3: { endpoint: string } }
    for (const killed of [supervisor, services['minio']!]) {
      process.kill(pidOf(killed), 'SIGKILL')
      await expect.poll(() => isGone(killed), { timeout: 60_000 }).toBe(true)
    }
    const port = Number(new URL(s3.endpoint).port)
    await expect.poll(async () => (await freePorts([port]))[0], { timeout: 60_000 }).toBe(port) // its last thread ended
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    const { code, stderr } = await project.cairn('up')
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^started {4}minio$/m)])
    expect(stderr).toMatch(/^restarted {2}control/m)
    expect((await project.run('shop', '--on', 'local')).status).toBe('completed')
    other.close()
  })
})
