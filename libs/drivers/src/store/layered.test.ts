import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ArtifactStore } from '@cairn/records'
import { layeredStore, readOnlyStore } from './layered.ts'
import { memoryStore } from './memory.ts'
import { storeSuite } from './store.suite.ts'

storeSuite('a layered store with nothing below', () => layeredStore(memoryStore(), memoryStore()))

describe('a layered store', () => {
  let below: ArtifactStore
  let above: ArtifactStore
  let store: ArtifactStore
  beforeEach(async () => {
    ;[below, above] = [memoryStore(), memoryStore()]
    store = layeredStore(above, below)
    await below.create('runs/one', bytes('below'))
    await below.put('objects/1', bytes('object'))
  })
  const bytes = (text: string) => Buffer.from(text)
  const text = async (from: ArtifactStore, path: string) => {
    const found = await from.read(path)
    return found && Buffer.from(found).toString()
  }
  const listed = async (folder: string) => {
    const paths: string[] = []
    for await (const { path } of store.list(folder)) paths.push(path)
    return paths.sort()
  }

  it('reads the lower store', async () => {
    expect(await text(store, 'runs/one')).toBe('below')
    expect(readFileSync((await store.fetch('objects/1'))!, 'utf8')).toBe('object')
    expect((await store.stat('objects/1'))!.size).toBe(6)
  })

  it('lists both stores, each path once', async () => {
    await store.create('runs/two', bytes('above'))
    await store.replace('runs/one', bytes('below'), bytes('hidden'))
    expect(await listed('runs/')).toEqual(['runs/one', 'runs/two'])
    expect((await store.children('runs/')).sort()).toEqual(['one', 'two'])
  })

  it('does not create records or store objects that exist in the lower store', async () => {
    expect(await store.create('runs/one', bytes('mine'))).toBe(false)
    await store.put('objects/1', bytes('object'))
    expect(await above.stat('objects/1')).toBeUndefined()
  })

  it('replaces a record of the lower store only in the upper one, if it was as expected', async () => {
    expect(await store.replace('runs/one', bytes('other'), bytes('mine'))).toBe(false)
    expect(await store.replace('runs/one', undefined, bytes('mine'))).toBe(false)
    expect(await store.replace('runs/one', bytes('below'), bytes('mine'))).toBe(true)
    expect(await store.replace('runs/one', bytes('mine'), bytes('mine again'))).toBe(true)
    expect(await text(store, 'runs/one')).toBe('mine again')
    expect(await text(below, 'runs/one')).toBe('below')
  })

  it('never changes the lower store', async () => {
    await store.remove('runs/one')
    expect(await store.move('objects/1', 'trash/1')).toBe(false)
    await store.put('objects/2', bytes('new'))
    await store.create('runs/two', bytes('new'))
    const paths: string[] = []
    for await (const { path } of below.list('')) paths.push(path)
    expect(paths.sort()).toEqual(['objects/1', 'runs/one'])
    expect(await text(below, 'runs/one')).toBe('below')
  })
})

it('restores an object from the trash of the lower store without changing that store', async () => {
  const [above, below] = [memoryStore(), memoryStore()]
  await below.put('trash/1', Buffer.from('object'))
  const store = layeredStore(above, below)
  expect(await store.move('trash/1', 'objects/1')).toBe(true)
  expect(readFileSync((await above.fetch('objects/1'))!, 'utf8')).toBe('object')
  expect(await below.stat('trash/1')).toBeDefined()
  expect(await store.move('trash/2', 'objects/2')).toBe(false)
})

describe('leases in a layered store', () => {
  it('exist only in the upper store', async () => {
    const [above, below] = [memoryStore(), memoryStore()]
    await below.create('local/small/leases/key', Buffer.from('theirs'))
    const store = layeredStore(above, below)
    expect(await store.read('local/small/leases/key')).toBeUndefined()
    expect(await store.create('local/small/leases/key', Buffer.from('ours'))).toBe(true)
    expect(Buffer.from((await below.read('local/small/leases/key'))!).toString()).toBe('theirs')
  })
})

describe('a read-only store', () => {
  it('reads everything, and refuses every write with an error that names the store', async () => {
    const real = memoryStore()
    await real.create('runs/one', Buffer.from('one'))
    const store = readOnlyStore(real, 'production')
    expect(Buffer.from((await store.read('runs/one'))!).toString()).toBe('one')
    expect(await store.children('runs/')).toEqual(['one'])
    const bytes = Buffer.from('two')
    for (const write of [
      store.create('runs/two', bytes),
      store.replace('runs/one', Buffer.from('one'), bytes),
      store.put('objects/2', bytes),
      store.remove('runs/one'),
      store.move('runs/one', 'runs/two'),
      store.scratch(),
    ])
      await expect(write).rejects.toThrow(/^production is read-only here: .* was not written$/)
    expect(await real.children('runs/')).toEqual(['one'])
  })
})
