import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { ArtifactRef } from '@cairn/kernel'
import type { Compute, Work } from '@cairn/records'
import { items, only, Workshop } from '../../compute/compute.fixture.ts'
import { processPool, type Pool } from '../../compute/pool.ts'
import { smallDisk } from '../../compute/small-disk.fixture.ts'
import { HostHealth, whileWell } from '../../compute/while-well.ts'
import { minioStore, type MinioStore, type MinioStoreOptions } from '../minio.ts'

const s3 = inject('servers')?.s3
const BUCKET = 'cairn-eviction-test'
/** Of the disk, in bytes. */
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

  it('are fetched one after the other, however many, and leave a tenth of it free', async () => {
    for (const ref of refs) {
      expect(digestOf(readFileSync(await fetched(ref)))).toBe(ref.digest)
      expect(free()).toBeGreaterThan(SIZE / 10 - 100e3)
    }
    expect(existsSync(await fetched(refs.at(-2)!))).toBe(true)
  })

  it('give way, the oldest first, where something else has filled it', async () => {
    const [first, second, ...others] = refs
    const oldest = [await fetched(first!), await fetched(second!)]
    await fetchAll(others.slice(0, 6))
    ballast(free())
    const last = await fetched(refs.at(-1)!)
    expect(readFileSync(last)).toHaveLength(OBJECT)
    expect(oldest.filter(existsSync)).toEqual([])
  })

  it('stay as long as they are held, by whichever process', async () => {
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

  it('are said to have no room where all of them are held', async () => {
    for (const { digest } of refs) store.copies.hold(digest)
    await expect(fetchAll()).rejects.toMatchObject({
      code: 'HOST_FAILED',
      message: expect.stringContaining('no space left (ENOSPC)') as string,
    })
    expect(readdirSync(join(disk.path, 'objects', 'tmp')).filter((name) => !name.endsWith('-held'))).toEqual([])
  })

  it('take no more than their limit, though they were asked for just now', async () => {
    await store.close()
    store = connect({ cacheLimit: 6e6 })
    await fetchAll()
    const total = copies().reduce((sum, file) => sum + statSync(file).size, 0)
    expect(total).toBeLessThanOrEqual(6e6)
    expect(total).toBeGreaterThan(3e6)
  })

  it('stay where nobody says what is in use, though it was asked for just now', async () => {
    await store.close()
    store = connect({ copiesAreHeld: false })
    const first = await fetched(refs[0]!)
    await expect(fetchAll()).rejects.toMatchObject({ code: 'HOST_FAILED' })
    expect(existsSync(first)).toBe(true)
  })

  it('are made again where somebody has deleted the folder', async () => {
    const first = await fetched(refs[0]!)
    rmSync(join(disk.path, 'objects'), { recursive: true })
    expect(await fetched(refs[0]!)).toBe(first)
    expect(readFileSync(first)).toHaveLength(OBJECT)
  })

  describe('beside bodies', () => {
    let shop: Workshop
    let pool: Pool
    let health: HostHealth
    let compute: Compute
    beforeEach(() => {
      shop = new Workshop()
      const folder = join(disk.path, 'tmp', 'this-host')
      pool = processPool({ ...shop.options, size: 1, scratch: () => (mkdirSync(folder, { recursive: true }), folder) })
      health = new HostHealth(folder, store.copies)
      compute = whileWell(pool, { folder, health, copies: store.copies })
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

    it('stay while one works on them, and go when it has ended', async () => {
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

    it('are fetched again for the next one in the same process', async () => {
      const reads = `async ({ a }) => ({ out: String(readFileSync(await a.path()).length) })`
      expect(await only(compute, work(reads, refs[0]!))).toBe(String(OBJECT))
      await store.copies.evict()
      expect(await only(compute, work(reads, refs[0]!))).toBe(String(OBJECT))
    })

    it('give way to one that needs the room, once it has said so', async () => {
      await fetchAll()
      await expect(only(compute, work(write(16e6), refs[0]!))).rejects.toMatchObject({ code: 'HOST_FAILED' })
      expect(await only(compute, work(write(16e6), refs[0]!))).toBe('fine')
      await fetchAll()
      const tooLarge = work(write(25e6), refs[0]!)
      await expect(only(compute, tooLarge)).rejects.toMatchObject({ code: 'HOST_FAILED' })
      await expect(only(compute, tooLarge)).rejects.toMatchObject({ code: 'OUT_OF_SPACE' })
    })

    it('give way before it is said that the host has no room', async () => {
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

    it('that somebody deletes are no fault of it', async () => {
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
