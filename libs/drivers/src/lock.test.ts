import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisProcess } from '@cairn/drivers/process-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { whileLocked } from './lock.ts'

describe('a lock', () => {
  let folder: string
  let lock: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cairn-lock-'))
    lock = join(folder, 'lock')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const locked = <Result>(work: () => Promise<Result>, deadlineMs = 300_000) =>
    whileLocked(lock, 'counting', deadlineMs, () => {}, work)

  it('admits one holder at a time', async () => {
    let inside = 0
    const most = await Promise.all(
      Array.from({ length: 4 }, () =>
        locked(async () => {
          inside++
          await new Promise(setImmediate)
          return inside--
        }),
      ),
    )
    expect(most).toEqual([1, 1, 1, 1])
  })

  it('is released when the work fails', async () => {
    await expect(locked(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(existsSync(lock)).toBe(false)
  })

  it('is broken if its holder no longer exists', async () => {
    writeFileSync(lock, `${hostname()}/${process.pid}/1`) // the id of this process, but an earlier start time
    expect(await locked(async () => 'in')).toBe('in')
  })

  it('is broken if its holder ran before a reboot, even if a process died while breaking it', async () => {
    const [machine, pid, start] = thisProcess.split('/') as [string, string, string]
    expect(start).toMatch(process.platform === 'linux' ? /^\d+\.[0-9a-f]{8}$/ : /^$/)
    const earlier = `${machine}/${pid}/${start.split('.')[0]}.00000000`
    for (const file of [lock, `${lock}.breaking`, `${lock}.breaking.breaking`]) writeFileSync(file, earlier)
    if (process.platform === 'linux') expect(await locked(async () => readdirSync(folder))).toEqual(['lock'])
  })

  it('rejects the waiting call after the deadline', async () => {
    writeFileSync(lock, thisProcess)
    await expect(locked(async () => 'in', 1)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('has been counting for') as string,
      next: expect.stringContaining(lock) as string,
    })
    expect(existsSync(lock)).toBe(true)
  })
})
