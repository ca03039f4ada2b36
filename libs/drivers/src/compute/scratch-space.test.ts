import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CairnError } from '@cairn/kernel'
import type { Compute, Work } from '@cairn/records'
import { items, only, settle, Workshop } from './compute.fixture.ts'
import { inProcess } from './in-process.ts'
import { processPool, type Pool } from './pool.ts'
import { smallDisk } from './small-disk.fixture.ts'
import { HostHealth, withHostChecks } from './host-health.ts'

/** Size of the disk in megabytes. */
const SIZE = 20

const before = `import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
const write = (folder, megabytes) => {
  for (let n = 0; n < megabytes; n++) writeFileSync(join(folder, 'file-' + n), new Uint8Array(1e6))
}`

const CONFINED = { environment: [], reads: [], writes: [], programs: false }

const disk = smallDisk(SIZE)
disk?.remove()

describe.runIf(disk)('a small scratch disk', () => {
  let shop: Workshop
  let disk: ReturnType<typeof smallDisk> & {}
  let folder: string
  let pool: Pool
  let health: HostHealth
  let compute: Compute
  const open = (confinement?: typeof CONFINED) => {
    const options = { ...shop.options, scratch: () => (mkdirSync(folder, { recursive: true }), folder) }
    pool?.close()
    const allowed = confinement && { ...confinement, reads: [shop.root], writes: [shop.root, disk.path] }
    pool = processPool({ ...options, size: 1, ...(allowed && { confinement: allowed }) })
    health = new HostHealth(folder)
    compute = withHostChecks(pool, { folder, health })
    return withHostChecks(inProcess({ ...options, live: new Map() }), { folder, health })
  }
  beforeEach(() => {
    shop = new Workshop()
    disk = smallDisk(SIZE)!
    folder = join(disk.path, 'tmp', 'this-host')
    open()
  })
  afterEach(async () => {
    pool.close()
    await shop.remove()
    disk.remove()
  })
  const work = (body: string, asked: Partial<Work> = {}) =>
    shop.work(shop.code(`(_, __, { scratch }) => { ${body}; return { out: 'fine' } }`, { before }), asked)
  const ballast = (megabytes: number, place = 'ballast') => {
    mkdirSync(join(disk.path, place, '..'), { recursive: true })
    writeFileSync(join(disk.path, place), new Uint8Array(megabytes * 1e6))
  }
  const tooLarge = {
    code: 'OUT_OF_SPACE',
    message: expect.stringMatching(
      /^step needs more disk space than is available: (19|20) MB of 20 MB were free when it started, and it had written (19|20) MB when the disk was full \(ENOSPC\)$/,
    ) as string,
    next: 'use a larger disk (CAIRN_SCRATCH for a stage, --store for this machine), or write less data at a time',
  }
  const ofHost = { code: 'HOST_FAILED', message: expect.stringMatching(/has no space left \(ENOSPC\)$/) as string }

  it('fails a body that filled it, and the host recovers', async () => {
    await expect(only(compute, work('write(scratch, 30)'))).rejects.toMatchObject(tooLarge)
    expect(await health.fault()).toBeUndefined()
    expect(await only(compute, work('write(scratch, 15)'))).toBe('fine')
  })

  it('fails a body that filled it from the host process', async () => {
    await expect(only(open(), work('write(scratch, 30)'))).rejects.toMatchObject(tooLarge)
  })

  it('fails a body that filled it with temporary files, which are removed with its process', async () => {
    open(CONFINED)
    await expect(only(compute, work('write(tmpdir(), 30)'))).rejects.toMatchObject(tooLarge)
  })

  it('fails a body that filled it and deleted its files', async () => {
    const tidy = `try { write(scratch, 30) } catch (error) {
      rmSync(scratch, { recursive: true })
      throw Object.assign(error, { path: scratch })
    }`
    await expect(only(compute, work(tidy))).rejects.toMatchObject({
      code: 'OUT_OF_SPACE',
      message: expect.stringContaining('it filled that space and removed its files when the disk was full') as string,
    })
  })

  it('does not fail a body if the host could not write its outputs, even if the kind has deleted them', async () => {
    const kind = `const tidy = { ...text, encode: (value, { file }) => {
      const path = file()
      try { writeFileSync(path, value) } catch (error) { rmSync(path); throw error }
      return { file: path }
    } }`
    const code = shop.code(`() => ({ out: 'x'.repeat(3e6) })`, {
      before: `${before}\n${kind}`,
      outputs: '{ out: tidy }',
    })
    ballast(SIZE - 1.5)
    await expect(only(compute, shop.work(code))).rejects.toMatchObject(ofHost)
    rmSync(join(disk.path, 'ballast'))
    expect(await only(compute, shop.work(code))).toHaveLength(3e6)
  })

  it('does not fail a body if it was full before', async () => {
    ballast(SIZE - 1.5)
    await expect(only(compute, work('write(scratch, 3)'))).rejects.toMatchObject(ofHost)
  })

  it('does not fail a body if something else fills it', async () => {
    const others = `mkdirSync('${disk.path}/others'); try { write('${disk.path}/others', 30) } catch {}`
    const error = await only(compute, work(`${others}; write(scratch, 3)`)).catch((error: unknown) => error)
    expect(error).toMatchObject(ofHost)
    health.note(error as CairnError) // as a stage does when it hands work on to another host
    expect(await health.fault()).toMatchObject(ofHost)
    rmSync(join(disk.path, 'others'), { recursive: true })
    expect(await health.fault()).toBeUndefined()
  })

  it('does not fail a body if a body of another host uses space that it will free', async () => {
    ballast(8, 'tmp/other-host/work-1/0/item-1/scratch/file')
    await expect(only(compute, work('write(scratch, 15)'))).rejects.toMatchObject(ofHost)
    rmSync(join(disk.path, 'tmp/other-host'), { recursive: true })
    expect(await only(compute, work('write(scratch, 15)'))).toBe('fine')
  })

  it('has space for each item of a task, because files of the previous item are deleted', async () => {
    const settled = await settle(compute, work('write(scratch, 12)', { items: items(4) }))
    expect(settled).toEqual(items(4).map(() => ({ outputs: { out: 'fine' } })))
  })
})
