import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ArtifactStore } from '@cairn/records'

/** Tests that every artifact store must pass. */
export function storeSuite(name: string, open: (folder: string) => ArtifactStore): void {
  describe(`${name} as an artifact store`, () => {
    let folder: string
    let store: ArtifactStore
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'cairn-store-'))
      store = open(folder)
    })
    afterEach(() => rmSync(folder, { recursive: true, force: true }))

    const bytes = (text: string) => Buffer.from(text)
    const text = async (path: string) => {
      const found = await store.read(path)
      return found && Buffer.from(found).toString()
    }
    const listed = async (prefix: string) => {
      const paths: string[] = []
      for await (const { path } of store.list(prefix)) paths.push(path)
      return paths.sort()
    }

    it('is empty at first', async () => {
      expect(await store.read('a/b')).toBeUndefined()
      expect(await store.stat('a/b')).toBeUndefined()
      expect(await store.fetch('a/b')).toBeUndefined()
      expect(await store.children('a/')).toEqual([])
      expect(await listed('a/')).toEqual([])
    })

    it('returns what was created', async () => {
      expect(await store.create('a/b', bytes('one'))).toBe(true)
      expect(await text('a/b')).toBe('one')
      expect((await store.stat('a/b'))?.size).toBe(3)
    })

    it('lets only the first create a record', async () => {
      await store.create('a/b', bytes('one'))
      expect(await store.create('a/b', bytes('two'))).toBe(false)
      expect(await text('a/b')).toBe('one')
    })

    it('reports success to exactly one of many concurrent creators', async () => {
      const racers = Array.from({ length: 64 }, (_, index) => store.create('race', bytes(String(index))))
      const won = (await Promise.all(racers)).flatMap((first, index) => (first ? [String(index)] : []))
      expect(won).toHaveLength(1)
      expect(await text('race')).toBe(won[0])
    })

    it('replaces a record only if it is as expected', async () => {
      expect(await store.replace('ref', undefined, bytes('one'))).toBe(true)
      expect(await store.replace('ref', undefined, bytes('two'))).toBe(false)
      expect(await store.replace('ref', bytes('other'), bytes('two'))).toBe(false)
      expect(await store.replace('ref', bytes('one'), bytes('two'))).toBe(true)
      expect(await text('ref')).toBe('two')
    })

    it('lets exactly one of many concurrent writers replace a record', async () => {
      await store.create('ref', bytes('start'))
      const racers = Array.from({ length: 32 }, (_, index) =>
        store.replace('ref', bytes('start'), bytes(String(index))),
      )
      expect((await Promise.all(racers)).filter(Boolean)).toHaveLength(1)
    })

    it('accepts objects as bytes and as files', async () => {
      const file = join(await store.scratch(), 'made')
      writeFileSync(file, 'from a file')
      await store.put('objects/1', bytes('from bytes'))
      await store.put('objects/2', { file })
      expect(readFileSync((await store.fetch('objects/1'))!, 'utf8')).toBe('from bytes')
      expect(readFileSync((await store.fetch('objects/2'))!, 'utf8')).toBe('from a file')
    })

    it('accepts the same object several times, also concurrently', async () => {
      await Promise.all(Array.from({ length: 16 }, () => store.put('objects/1', bytes('same'))))
      await store.put('objects/1', bytes('same'))
      expect(await text('objects/1')).toBe('same')
    })

    it('stores empty and large objects', async () => {
      const large = Buffer.alloc(9_000_001, 'x')
      await store.put('objects/empty', bytes(''))
      await store.put('objects/large', large)
      expect((await store.stat('objects/empty'))?.size).toBe(0)
      expect(statSync((await store.fetch('objects/large'))!).size).toBe(large.length)
      expect(large.equals((await store.read('objects/large'))!)).toBe(true)
    })

    it('lists everything below a folder, and the names directly in it', async () => {
      for (const path of ['a/1', 'a/b/2', 'a/b/c/3', 'ab/4']) await store.create(path, bytes(path))
      expect(await listed('a/')).toEqual(['a/1', 'a/b/2', 'a/b/c/3'])
      expect((await store.children('a/')).sort()).toEqual(['1', 'b'])
      const behind = async (after: string) => (await store.children('a/', after)).sort()
      expect(await Promise.all(['', '0', '1', 'a', 'b', 'b0'].map(behind))).toEqual([
        ['1', 'b'],
        ['1', 'b'],
        ['b'],
        ['b'],
        [],
        [],
      ])
      for await (const { size, modified } of store.list('ab/')) {
        expect(size).toBe(4)
        expect(Math.abs(Date.now() - modified)).toBeLessThan(60_000)
      }
    })

    it('removes paths, even missing ones', async () => {
      await store.create('a/b', bytes('one'))
      await store.remove('a/b')
      await store.remove('a/b')
      expect(await store.read('a/b')).toBeUndefined()
      expect(await store.create('a/b', bytes('again'))).toBe(true)
    })

    it('moves an object, and reports if it does not exist', async () => {
      await store.put('objects/1', bytes('one'))
      expect(await store.move('objects/1', 'trash/1')).toBe(true)
      expect(await store.move('objects/1', 'trash/1')).toBe(false)
      expect(await store.read('objects/1')).toBeUndefined()
      expect(await text('trash/1')).toBe('one')
    })

    it('moves an object once, however many ask for it at the same time', async () => {
      for (let round = 0; round < 20; round++) {
        await store.put('objects/1', bytes('one'))
        const moved = await Promise.all(Array.from({ length: 8 }, () => store.move('objects/1', 'trash/1')))
        expect(moved).toContain(true)
        expect([await store.stat('objects/1'), (await store.stat('trash/1'))?.size]).toEqual([undefined, 3])
        await store.remove('trash/1')
      }
    })

    it('counts a move as a write, which updates the time of the object', async () => {
      await store.put('objects/1', bytes('one'))
      await new Promise((later) => setTimeout(later, 30))
      const before = Date.now() - 10
      await store.move('objects/1', 'trash/1')
      expect((await store.stat('trash/1'))!.modified).toBeGreaterThanOrEqual(before)
    })

    it('returns separate, empty scratch folders', async () => {
      const [one, two] = [await store.scratch(), await store.scratch()]
      expect(one).not.toBe(two)
      expect(statSync(one).isDirectory()).toBe(true)
    })

    it('stores bytes of any value unchanged', async () => {
      const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      await store.create('a/b', all)
      expect(all.equals((await store.read('a/b'))!)).toBe(true)
    })
  })
}
