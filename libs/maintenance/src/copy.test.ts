import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { layout, sha256, encodeRecord, readRecord, type ArtifactStore } from '@cairn/records'
import { CairnError } from '@cairn/kernel'
import { copyResults, copyRun } from './copy.ts'
import { examine } from './doctor.ts'
import { collect } from './gc.ts'
import { at, HOUR, maintenanceHost, type MaintenanceHost } from './maintenance.fixture.ts'

describe('a run that is copied into another store', () => {
  let [here, there]: [MaintenanceHost, MaintenanceHost] = [maintenanceHost(), maintenanceHost()]
  beforeEach(() => ([here, there] = [maintenanceHost(), maintenanceHost()]))
  afterEach(() => [here, there].forEach((host) => host.remove()))

  const copy = (run: string, to = at) => copyRun({ store: here.store, at }, { store: there.store, at: to }, run)
  const runs = async () => here.store.children(at.runs)

  it('is complete there, and copying it again copies nothing', async () => {
    await here.make('a')
    const [run] = await runs()
    const first = await copy(run!)
    expect(first.copied).toBe(first.objects)
    expect(first.copied).toBeGreaterThan(0)
    expect(there.files.get(at.plan(run!))).toEqual(here.files.get(at.plan(run!)))
    expect((await examine(there.store, at, { repair: false })).findings).toEqual([])
    expect(await copy(run!)).toEqual({ ...first, copied: 0, bytes: 0 })
  })

  it('is reused there: the same run computes nothing', async () => {
    await here.make('a')
    await copy((await runs())[0]!)
    const before = await there.store.children(at.checkpoints('make'))
    await there.make('a')
    expect(await there.store.children(at.checkpoints('make'))).toEqual(before)
    expect(before).toHaveLength(1)
  })

  it('is not copied into another environment: only reusable results are', async () => {
    const elsewhere = layout('production', 'kept')
    await here.make('a')
    await copy((await runs())[0]!, elsewhere)
    expect(await there.store.children(elsewhere.runs)).toEqual([])
    expect(await there.store.children(elsewhere.checkpoints('make'))).toHaveLength(1)
    expect(there.files.has(elsewhere.object(sha256(JSON.stringify('a'.repeat(5_000)))))).toBe(true)
  })

  it('is copied without any code that could be run, if only its results are copied', async () => {
    await here.make('a')
    await copyResults({ store: here.store, at }, { store: there.store, at }, (await runs())[0]!)
    const folders = [...there.files.keys()].map((path) => path.slice(at.root.length).split('/')[0])
    expect(new Set(folders)).toEqual(new Set(['objects', 'checkpoints']))
  })

  it('has exactly the code that it was planned with, even if equal code from elsewhere exists', async () => {
    await here.make('a')
    const [run] = await runs()
    const fingerprint = sha256('make')
    const code = { fingerprint, digest: fingerprint } // in simulations both are of the step's name
    const manifest = (await readRecord(here.store, at.manifest(code)))!
    const moved = { fingerprint, digest: sha256('of another place') }
    there.files.set(at.code(moved), Buffer.from('of another place'))
    const other = { ...manifest, fingerprint: 'of another place' }
    there.files.set(at.manifest(moved), encodeRecord(other, at.manifest(moved)))
    await copy(run!)
    expect(String(there.files.get(at.code(code)))).toBe('make')
    expect(await readRecord(there.store, at.manifest(code))).toEqual(manifest)
    expect((await examine(there.store, at)).findings).toEqual([])
  })

  it('is complete or refused by name, whenever and however far it is collected meanwhile', async () => {
    await here.make('a')
    const sound = new Map(here.files)
    const [run] = await runs()
    const policy = { keepRuns: 0, keepMs: 0, graceMs: HOUR }
    const left = { calls: Infinity, removals: 0 }
    const collection: ArtifactStore = {
      ...here.store,
      async remove(path) {
        if (left.removals-- <= 0) throw new CairnError('STORE_FAILED', 'the collection comes no further')
        await here.store.remove(path)
      },
    }
    const later = { ...here.clock, now: () => here.clock.now() + 2 * HOUR } // all of it is old
    /** Each call to the store that is copied from may be the one before which it is collected. */
    const from = new Proxy(here.store, {
      get: (store, name: keyof ArtifactStore) => {
        if (name === 'list') return store.list
        return async (...given: never[]) => {
          if (left.calls-- === 0) await collect(collection, later, at, policy).catch(() => {})
          return (store[name] as (...given: never[]) => Promise<unknown>)(...given)
        }
      },
    })
    let [refused, calls] = [0, 0]
    for (const removals of [1, 2, 4, 7, Infinity])
      for (calls = 0; ; calls++) {
        here.files.clear()
        there.files.clear()
        for (const [path, bytes] of sound) here.files.set(path, bytes)
        Object.assign(left, { calls, removals })
        const outcome = await copyRun({ store: from, at }, { store: there.store, at }, run!).catch((e: unknown) => e)
        const isCollected = left.calls < 0
        if (outcome instanceof Error) {
          expect(outcome).toMatchObject({
            code: 'NOT_FOUND',
            message: expect.stringContaining('in the meantime') as string,
          })
          expect(there.files.has(at.plan(run!))).toBe(false)
          refused++
        } else {
          const files = [...sound].filter(([path]) => path.startsWith(at.run(run!)) && !/attempts|holder/.test(path))
          for (const [path, bytes] of files) expect(there.files.get(path), path).toEqual(bytes)
          expect((await examine(there.store, at)).findings).toEqual([])
        }
        if (!isCollected) break // it was not called so often
      }
    expect(calls).toBeGreaterThan(20)
    expect(refused).toBeGreaterThan(20)
  })

  it('must have ended', async () => {
    await here.make('a')
    const [run] = await runs()
    here.files.delete(at.runEnd(run!))
    await expect(copy(run!)).rejects.toThrow(/has not ended/)
    expect(there.files.size).toBe(0)
  })
})
