import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { folderStore } from './folder.ts'
import { storeSuite } from './store.suite.ts'

storeSuite('folder', (folder) => folderStore(folder))
storeSuite('folder that survives power loss', (folder) => folderStore(folder, { durability: 'power-loss' }))

describe('a folder store', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cairn-folder-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const writer = (task: string) =>
    fork(fileURLToPath(new URL('./folder-writer.ts', import.meta.url)), [folder, task], {
      execPath: process.execPath,
      execArgv: [],
    })
  const exit = (child: ReturnType<typeof writer>) =>
    new Promise<number | null>((done) => child.on('exit', (code) => done(code)))

  it('refuses a store of a later format, and says what to do', () => {
    writeFileSync(join(folder, 'store.json'), '{"format": 99}')
    expect(() => folderStore(folder)).toThrow(/has format 99/)
  })

  it('refuses a store of an earlier format, and says what to do', () => {
    writeFileSync(join(folder, 'store.json'), '{"format": 1}')
    expect(() => folderStore(folder)).toThrow(
      expect.objectContaining({
        code: 'BAD_RECORD',
        message: `the store ${folder} has format 1 of an earlier version of Cairn, but this version supports only format 2`,
        next: expect.stringContaining('move store.json and the environment folders out of this one'),
      }),
    )
  })

  it('refuses paths outside its folder', async () => {
    const store = folderStore(folder)
    await expect(store.read('../outside')).rejects.toThrow(/is outside the store/)
    await expect(store.create('/etc/outside', Buffer.from('x'))).rejects.toThrow(/is outside the store/)
  })

  it('reports which path could not be written', async () => {
    const store = folderStore(folder)
    writeFileSync(join(folder, 'local'), 'a file where a folder should be')
    await expect(store.create('local/p/record', Buffer.from('x'))).rejects.toThrow(/local\/p\/record cannot be written/)
  })

  it('lets several processes increment one record without a lost update', async () => {
    const store = folderStore(folder)
    await store.create('count', Buffer.from('0'))
    const codes = await Promise.all(Array.from({ length: 4 }, () => exit(writer('count'))))
    expect(codes).toEqual([0, 0, 0, 0])
    expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('400')
  })

  it('breaks the lock of a dead process', async () => {
    const child = writer('lock-and-die')
    await exit(child)
    expect(existsSync(join(folder, 'tmp', 'lock-ref'))).toBe(true)
    expect(await folderStore(folder).replace('ref', undefined, Buffer.from('mine'))).toBe(true)
  })

  it('never contains an incomplete file, even if the writer is killed at any moment', async () => {
    folderStore(folder)
    for (let round = 0; round < 8; round++) {
      const child = writer('write-for-ever')
      const done = exit(child)
      await new Promise((started) => child.once('message', started))
      await new Promise((later) => setTimeout(later, 5 + round * 7))
      child.kill('SIGKILL')
      await done
    }
    const sizes = new Set<number>()
    for await (const { size } of folderStore(folder).list('records/')) sizes.add(size)
    for await (const { size } of folderStore(folder).list('objects/')) sizes.add(size)
    expect([...sizes].sort((a, b) => a - b)).toEqual([5_000, 2_000_000])
    expect(readdirSync(join(folder, 'tmp')).length).toBeLessThanOrEqual(16)
  })
})
