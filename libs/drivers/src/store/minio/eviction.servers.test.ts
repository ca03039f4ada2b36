import { createHash, randomBytes, randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { ArtifactRef } from '@cairn/kernel'
import type { Compute, Work } from '@cairn/records'
import { items, only, Workshop } from '../../compute/compute.fixture.ts'
import { processPool, type Pool } from '../../compute/pool.ts'
import { smallDisk } from '../../compute/small-disk.fixture.ts'
import { HostHealth, withHostChecks } from '../../compute/host-health.ts'
import { minioStore, type MinioStore, type MinioStoreOptions } from '../minio.ts'

const s3 = inject('servers')?.s3
const BUCKET = 'cairn-eviction-test'
/** Size of the disk, in bytes. */
const SIZE = 20e6
const OBJECT = 1.5e6

const disk = smallDisk(SIZE / 1e6)
disk?.remove()

describe.runIf(s3 && disk)('local copies on a small disk', () => {
  const prefix = `${randomUUID()}/`
  let refs: ArtifactRef[]
  let disk: ReturnType<typeof smallDisk> & {}
  let store: MinioStore
  const connect = (options: Partial<MinioStoreOptions> = {}) => {
    const cache = join(disk.path, 'objects')
    return minioStore({ ...s3!, bucket: BUCKET, prefix, cache, copiesAreHeld: true, ...options })
  }
  const pathOf = ({ digest }: ArtifactRef) => `objects/${digest}`
  const fetched = async (ref: ArtifactRef) => (await store.fetch(pathOf(ref)))!
  const fetchAll = async (some = refs) => {
    for (const ref of some) await fetched(ref)
  }
  const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const copies = () =>
    readdirSync(join(disk.path, 'objects', 'objects'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
  const free = () => {
    const { bavail, bsize } = statfsSync(disk.path)
    return bavail * bsize
  }
  const ballast = (bytes: number) => writeFileSync(join(disk.path, 'ballast'), new Uint8Array(bytes))

  beforeAll(async () => {
    const elsewhere = new Workshop()
    const store = minioStore({ ...s3!, bucket: BUCKET, prefix, cache: elsewhere.root })
    await store.ensureBucket()
    refs = []
    for (let n = 0; n < 30; n++) {
      const bytes = randomBytes(OBJECT)
      const ref = { digest: digestOf(bytes), size: OBJECT, kind: { name: 'text', version: 1 } } as ArtifactRef
      await store.put(pathOf(ref), bytes)
      refs.push(ref)
    }
    await store.close()
    await elsewhere.remove()
  })
  beforeEach(() => {
    disk = smallDisk(SIZE / 1e6)!
    store = connect()
  })
  afterEach(async () => {
    await store.close()
    disk.remove()
  })

  it('leave a tenth of the disk free, regardless of how many objects are fetched', async () => {
    for (const ref of refs) {
      expect(digestOf(readFileSync(await fetched(ref)))).toBe(ref.digest)
      expect(free()).toBeGreaterThan(SIZE / 10 - 100e3)
    }
    expect(existsSync(await fetched(refs.at(-2)!))).toBe(true)
  })

  it('are deleted if something else has filled the disk, the least recently used first', async () => {
    const [first, second, ...others] = refs
    const oldest = [await fetched(first!), await fetched(second!)]
    await fetchAll(others.slice(0, 6))
    ballast(free())
    const last = await fetched(refs.at(-1)!)
    expect(readFileSync(last)).toHaveLength(OBJECT)
    expect(oldest.filter(existsSync)).toEqual([])
  })

  it('are kept while any process holds them', async () => {
    const [mine, others, free] = refs
    const releases = [store.copies.hold(mine!.digest), store.copies.hold(mine!.digest)]
    const another = join(disk.path, 'objects', 'tmp', `${hostname()}-${process.ppid}--held`)
    mkdirSync(another, { recursive: true })
    writeFileSync(join(another, others!.digest), '')
    const files = [await fetched(mine!), await fetched(others!), await fetched(free!)]
    await fetchAll()
    expect(files.map(existsSync)).toEqual([true, true, false])
    releases[0]!()
    releases[0]!()
    await fetchAll()
    expect(files.map(existsSync)).toEqual([true, true, false])
    releases[1]!()
    rmSync(another, { recursive: true })
    await store.copies.evict()
    expect(copies()).toEqual([])
  })

  it('cannot be created if the disk is full and all other copies are held', async () => {
    for (const { digest } of refs) store.copies.hold(digest)
    await expect(fetchAll()).rejects.toMatchObject({
      code: 'HOST_FAILED',
      message: expect.stringContaining('no space left (ENOSPC)') as string,
    })
    expect(readdirSync(join(disk.path, 'objects', 'tmp')).filter((name) => !name.endsWith('-held'))).toEqual([])
  })

  it('stay within their limit, even if all were used recently', async () => {
    await store.close()
    store = connect({ cacheLimit: 6e6 })
    await fetchAll()
    const total = copies().reduce((sum, file) => sum + statSync(file).size, 0)
    expect(total).toBeLessThanOrEqual(6e6)
    expect(total).toBeGreaterThan(3e6)
  })

  it('are kept if they were used recently and users do not hold copies', async () => {
    await store.close()
    store = connect({ copiesAreHeld: false })
    const first = await fetched(refs[0]!)
    await expect(fetchAll()).rejects.toMatchObject({ code: 'HOST_FAILED' })
    expect(existsSync(first)).toBe(true)
  })

  it('are fetched again after their folder was deleted', async () => {
    const first = await fetched(refs[0]!)
    rmSync(join(disk.path, 'objects'), { recursive: true })
    expect(await fetched(refs[0]!)).toBe(first)
    expect(readFileSync(first)).toHaveLength(OBJECT)
  })

  it('of code are kept for weeks, because running tasks load them by their path', async () => {
    const path = `code/${'a'.repeat(64)}-${'b'.repeat(16)}.mjs`
    await store.put(path, Buffer.from('export const run = 1'))
    const file = (await store.fetch(path))!
    const before = new Date(Date.now() - 3 * 60 * 60_000)
    utimesSync(file, before, before)
    await store.copies.evict()
    expect(existsSync(file)).toBe(true)
  })

  describe('of the inputs of step bodies', () => {
    let shop: Workshop
    let pool: Pool
    let health: HostHealth
    let compute: Compute
    beforeEach(() => {
      shop = new Workshop()
      const folder = join(disk.path, 'tmp', 'this-host')
      pool = processPool({ ...shop.options, size: 1, scratch: () => (mkdirSync(folder, { recursive: true }), folder) })
      health = new HostHealth(folder, store.copies)
      compute = withHostChecks(pool, { folder, health, copies: store.copies })
    })
    afterEach(async () => {
      pool.close()
      await shop.remove()
    })
    const before = `import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
const lazy = { ...text, decode: async (artifact) => artifact }`
    const work = (run: string, input: ArtifactRef): Work => {
      const code = shop.code(run, { inputs: '{ a: lazy }', before })
      const [item] = items(1)
      return shop.work(code, { run: randomUUID(), items: [{ ...item!, inputs: { a: input } }], open: fetched })
    }
    const write = (bytes: number) =>
      `async (_, __, { scratch }) => { writeFileSync(join(scratch, 'file'), new Uint8Array(${bytes})); return { out: 'fine' } }`

    it('are kept only while a body uses them', async () => {
      const reads = `async ({ a }) => {
        const path = await a.path()
        note('begun')
        await written('go')
        return { out: String(readFileSync(path).length) }
      }`
      const ends = only(compute, work(reads, refs[0]!))
      await shop.written('begun')
      await fetchAll(refs.slice(1))
      shop.write('go', '')
      expect(await ends).toBe(String(OBJECT))
      await store.copies.evict()
      expect(copies()).toEqual([])
    })

    it('are fetched again for the next body in the same process', async () => {
      const reads = `async ({ a }) => ({ out: String(readFileSync(await a.path()).length) })`
      expect(await only(compute, work(reads, refs[0]!))).toBe(String(OBJECT))
      await store.copies.evict()
      expect(await only(compute, work(reads, refs[0]!))).toBe(String(OBJECT))
    })

    it('are deleted if a body needs the space', async () => {
      await fetchAll()
      await expect(only(compute, work(write(16e6), refs[0]!))).rejects.toMatchObject({ code: 'HOST_FAILED' })
      expect(await only(compute, work(write(16e6), refs[0]!))).toBe('fine')
      await fetchAll()
      const tooLarge = work(write(25e6), refs[0]!)
      await expect(only(compute, tooLarge)).rejects.toMatchObject({ code: 'HOST_FAILED' })
      await expect(only(compute, tooLarge)).rejects.toMatchObject({ code: 'OUT_OF_SPACE' })
    })

    it('are deleted before the host counts as full', async () => {
      await fetchAll(refs.slice(0, 8))
      ballast(free())
      expect(await health.fault()).toBeUndefined()
      rmSync(join(disk.path, 'ballast'))
      const held = refs.slice(0, 8)
      for (const { digest } of held) store.copies.hold(digest)
      await fetchAll(held)
      ballast(free())
      expect(await new HostHealth(health.folder, store.copies).fault()).toMatchObject({
        code: 'HOST_FAILED',
        message: expect.stringMatching(/has no space left \(ENOSPC\)$/) as string,
      })
    })

    it('fail a body whose inputs are larger than the disk', async () => {
      const inputs = Object.fromEntries(refs.slice(0, 14).map((ref, at) => [`in${at}`, ref]))
      const kinds = Object.keys(inputs).map((name) => `${name}: lazy`)
      const code = shop.code(
        `async (all) => {
          for (const one of Object.values(all)) await one.path()
          return { out: 'fine' }
        }`,
        { inputs: `{ ${kinds.join()} }`, before },
      )
      const [item] = items(1)
      const large = shop.work(code, { run: randomUUID(), items: [{ ...item!, inputs }], open: fetched })
      await expect(only(compute, large)).rejects.toMatchObject({
        code: 'OUT_OF_SPACE',
        message: expect.stringMatching(
          /the inputs opened so far take \d+ MB, but the disk for their local copies has only 20 MB/,
        ) as string,
      })
    })

    it('fail the host, not the body, if something else deletes them', async () => {
      const loses = `async ({ a }) => { const path = await a.path(); rmSync(path); return { out: String(readFileSync(path)) } }`
      await expect(only(compute, work(loses, refs[0]!))).rejects.toMatchObject({
        code: 'HOST_FAILED',
        message: expect.stringMatching(
          /objects\/.*, the local copy of an input, was removed on .* \(ENOENT\)$/,
        ) as string,
      })
    })
  })
})
