import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { submit } from '@cairn/engine'
import { PRODUCTION, sha256, encodeRecord, type Plan, type GcReport } from '@cairn/records'
import { examine } from './doctor.ts'
import { collect, type GcPolicy } from './gc.ts'
import { at, HOUR, kept, maintenanceHost, type MaintenanceHost } from './maintenance.fixture.ts'

const NOTHING: GcReport = {
  runs: [],
  checkpoints: 0,
  code: 0,
  stale: 0,
  trashed: 0,
  deleted: 0,
  restored: 0,
  freed: 0,
  damaged: [],
}
const objectOf = (word: string) => sha256(JSON.stringify(word.repeat(5_000)))

describe('garbage collection', () => {
  let host: MaintenanceHost
  beforeEach(() => (host = maintenanceHost()))
  afterEach(() => host.remove())

  /** Keeps the last run and nothing for its age alone, unless told otherwise. */
  const gc = (policy: Partial<GcPolicy> = {}) =>
    collect(host.store, host.clock, at, { keepRuns: 1, keepMs: 0, graceMs: HOUR, ...policy })
  /** Stores a plan, and gets no further. */
  const begin = (plan: Plan) => {
    const bus = { publish: async () => {}, subscribe: () => Promise.reject(new Error()) }
    return submit({ store: host.store, bus, clock: host.clock }, plan)
  }
  const later = (ms: number) => void (host.clock.later += ms)
  const isThere = (word: string) => host.files.has(at.object(objectOf(word)))
  const isSetAside = (word: string) => host.files.has(at.trash(objectOf(word)))
  const runs = async () => (await host.store.children(at.runs)).sort()

  it('removes nothing that kept runs refer to', async () => {
    await host.make('a')
    await host.make('b')
    later(1_000 * HOUR)
    const before = new Map(host.files)
    expect(await gc({ keepRuns: 2 })).toEqual(NOTHING)
    expect(host.files).toEqual(before)
  })

  it('removes older runs and their checkpoints, and moves what only they refer to into the trash', async () => {
    await host.make('a')
    await host.make('b')
    later(2 * HOUR)
    expect(await gc()).toEqual({ ...NOTHING, runs: ['run-1'], checkpoints: 2, trashed: 1 })
    expect(await runs()).toEqual(['run-2'])
    expect([isThere('a'), isSetAside('a'), isThere('b'), isThere('x')]).toEqual([false, true, true, true])
    expect(await host.make('b')).toEqual({ make: 'reused', finish: 'reused', spread: 'reused' })
    expect(await host.make('a')).toEqual({ make: 'computed', finish: 'computed', spread: 'reused' })
  })

  it('removes with a run its submission, and no other', async () => {
    const { plan } = await host.plan(kept)
    const digests = ['a', 'b', 'c'].map((text) => sha256(text)) as [string, string, string]
    for (const digest of digests)
      await host.store.create(
        at.submission(digest),
        encodeRecord({ v: 1, run: 'r', request: 'd' }, at.submission(digest)),
      )
    await begin({ ...plan, run: 'run-7', submission: digests[0] })
    await begin({ ...plan, run: 'run-8', submission: '../refs/production' })
    await begin({ ...plan, run: 'run-9', submission: digests[1] })
    later(10 * HOUR)
    expect((await gc({ graceMs: 100 * HOUR, keepMs: HOUR, isGone: () => true })).runs.sort()).toEqual([
      'run-7',
      'run-8',
    ])
    expect(host.paths('submissions/').sort()).toEqual(
      [digests[1], digests[2]].map((digest) => at.submission(digest)).sort(),
    )
    // For as long as the run is kept, and no longer than the grace where there is none.
    later(1_000 * HOUR)
    expect(await gc({ keepRuns: 5 })).toMatchObject({ runs: [], stale: 1 })
    expect(host.paths('submissions/')).toEqual([at.submission(digests[1])])
  })

  it('deletes objects in the trash only after the grace period', async () => {
    await host.make('a')
    await host.make('b')
    later(2 * HOUR)
    await gc()
    later(HOUR / 2)
    expect(await gc()).toEqual(NOTHING)
    later(HOUR)
    expect(await gc()).toEqual({ ...NOTHING, deleted: 1, freed: 5_002 })
    expect(isSetAside('a')).toBe(false)
  })

  it('restores an object from the trash that is needed again, however old', async () => {
    await host.make('a')
    await host.store.move(at.object(objectOf('a')), at.trash(objectOf('a')))
    later(2 * HOUR)
    expect(await gc()).toEqual({ ...NOTHING, restored: 1 })
    expect([isThere('a'), isSetAside('a')]).toEqual([true, false])
  })

  it('keeps an object that a run produced again while it was in the trash', async () => {
    await host.make('a')
    await host.make('b')
    later(2 * HOUR)
    await gc()
    await host.make('a')
    later(2 * HOUR)
    await gc({ keepRuns: 1 })
    expect([isThere('a'), isSetAside('a')]).toEqual([true, false])
    expect((await examine(host.store, at)).findings).toEqual([])
  })

  it('keeps what was written within the grace period, as its record may follow', async () => {
    await host.make('a')
    later(2 * HOUR)
    await host.store.put(at.object(objectOf('new')), Buffer.from('new'))
    const code = { fingerprint: 'new', digest: sha256('new') }
    await host.store.create(at.code(code), Buffer.from('new'))
    await host.store.create(at.manifest(code), Buffer.from('{}'))
    later(HOUR / 2)
    expect(await gc()).toEqual(NOTHING)
    later(HOUR)
    expect(await gc()).toEqual({ ...NOTHING, code: 1, trashed: 1 })
    expect(host.files.has(at.code(code)) || host.files.has(at.manifest(code))).toBe(false)
  })

  it('keeps the runs that a ref points at', async () => {
    await host.make('a')
    await host.make('b')
    await host.make('c')
    await host.store.create(at.ref('production'), encodeRecord({ v: 1, run: 'run-1' }, at.ref('production')))
    later(2 * HOUR)
    expect(await gc()).toMatchObject({ runs: ['run-2'], trashed: 1 })
    expect(['a', 'b', 'c'].map(isThere)).toEqual([true, false, true])
  })

  it('keeps younger runs and checkpoints, too', async () => {
    await host.make('a')
    later(10 * HOUR)
    await host.make('b')
    later(10 * HOUR)
    await host.make('c')
    expect(await gc({ keepMs: 15 * HOUR })).toMatchObject({ runs: ['run-1'], checkpoints: 2, trashed: 1 })
    expect(await runs()).toEqual(['run-2', 'run-3'])
    expect(['a', 'b', 'c'].map(isThere)).toEqual([false, true, true])
  })

  it('keeps a checkpoint and its code as long as a kept run has used it', async () => {
    await host.make('a')
    await host.make('a')
    later(2 * HOUR)
    expect(await gc()).toEqual({ ...NOTHING, runs: ['run-1'] })
    expect(await host.make('a')).toEqual({ make: 'reused', finish: 'reused', spread: 'reused' })
  })

  it('follows lists to their items', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `item ${index}`)
    await host.spread('x', 'y')
    await host.spread('y', 'z')
    await host.spread(...many)
    expect(host.paths('objects/')).toHaveLength(1 + 3 + 60 + 1)
    later(2 * HOUR)
    expect(await gc({ keepRuns: 2 })).toEqual({ ...NOTHING, runs: ['run-1'], checkpoints: 1, trashed: 1 })
    expect(['x', 'y', 'z', ...many].filter((word) => !isThere(word))).toEqual(['x'])
    await host.spread('z')
    later(2 * HOUR)
    expect(await gc()).toEqual({
      ...NOTHING,
      runs: ['run-3', 'run-2'],
      checkpoints: 2,
      trashed: 1 + 60 + 1,
      deleted: 1,
      freed: 5_002,
    })
  })

  it('follows a list that is itself in the trash', async () => {
    await host.spread(...Array.from({ length: 60 }, (_, index) => `item ${index}`))
    const list = host
      .paths('objects/')
      .find((path) => Buffer.from(host.files.get(path)!).toString().startsWith('{"items"'))!
    await host.store.move(list, at.trash(list.split('/').at(-1)!))
    later(2 * HOUR)
    expect(await gc()).toEqual({ ...NOTHING, restored: 1 })
  })

  it('keeps what a run computed long after it was planned, before it died', async () => {
    const { plan } = await host.plan(kept)
    await begin(plan)
    later(10 * HOUR)
    await host.drive(plan, kept)
    host.files.delete(at.runEnd('run-1'))
    later(2 * HOUR)
    const code = host.paths('code/')
    expect(await gc({ keepRuns: 0, keepMs: 5 * HOUR, isGone: () => true })).toEqual({ ...NOTHING, runs: ['run-1'] })
    expect(host.paths('code/')).toEqual(code)
    expect(await host.make('a')).toEqual({ make: 'reused', finish: 'reused', spread: 'reused' })
  })

  it('keeps reused outputs of another run', async () => {
    await host.make('a')
    await host.run(kept, { from: ['finish'], base: host.base('run-1') })
    await host.run(kept, { settings: { 'make.word': 'b', 'spread.words': ['z'] } })
    later(2 * HOUR)
    expect(await gc({ keepRuns: 2 })).toMatchObject({ runs: ['run-1'], trashed: 2 })
    expect([isThere('a'), isThere('x')]).toEqual([true, false])
  })

  it('keeps the newest run of the whole pipeline that completed, however many came after it', async () => {
    await host.make('a')
    await host.make('b')
    await host.run(kept, { from: ['finish'], base: host.base('run-2') })
    const { plan } = await host.plan(kept)
    await begin({ ...plan, run: 'run-8' })
    await begin({ ...plan, run: 'run-9' })
    later(2 * HOUR)
    expect(await gc({ isGone: () => true })).toMatchObject({ runs: ['run-8', 'run-3', 'run-1'] })
    expect(await host.make('b')).toEqual({ make: 'reused', finish: 'reused', spread: 'reused' })
  })

  it('keeps the code that a run was planned with, fallbacks included', async () => {
    const { plan } = await host.plan(kept)
    const { make } = plan.steps
    const withFallback = {
      ...plan,
      steps: { ...plan.steps, make: { ...make!, fallback: { fingerprint: 'f', digest: 'd', packages: 'p' } } },
    }
    await host.store.create(at.code({ fingerprint: 'f', digest: 'd' }), Buffer.from('fallback'))
    await begin(withFallback)
    const before = host.paths('code/')
    later(2 * HOUR)
    expect(await gc()).toEqual(NOTHING)
    expect(host.paths('code/')).toEqual(before)
  })

  it('keeps equal code from elsewhere only as long as runs and checkpoints name it', async () => {
    await host.make('a')
    const moved = { fingerprint: sha256('make'), digest: sha256('make, further down'), packages: sha256('') }
    await host.store.create(at.code(moved), Buffer.from('make, further down'))
    const { plan } = await host.plan(kept)
    await begin({ ...plan, steps: { ...plan.steps, make: { ...plan.steps['make']!, code: moved } } })
    later(2 * HOUR)
    expect(await gc({ keepRuns: 2 })).toMatchObject({ code: 0 })
    host.files.delete(at.plan(plan.run))
    expect(await gc({ keepRuns: 2 })).toMatchObject({ code: 1 })
    expect(host.files.has(at.code(moved))).toBe(false)
    expect(await host.make('a')).toEqual({ make: 'reused', finish: 'reused', spread: 'reused' })
  })

  it('keeps a young run without an end, which may be in progress, and removes it later', async () => {
    await begin((await host.plan(kept)).plan)
    later(HOUR)
    expect(await gc({ keepRuns: 0, keepMs: 2 * HOUR, isGone: () => true })).toMatchObject({ runs: [] })
    later(2 * HOUR)
    expect(await gc({ keepRuns: 0, keepMs: 2 * HOUR, isGone: () => true })).toMatchObject({ runs: ['run-1'] })
    expect(await runs()).toEqual([])
  })

  it('keeps on services each run without an end, however long it waits for a stage', async () => {
    const { plan } = await host.plan(kept)
    for (const run of ['run-1', 'run-2', 'run-3']) await begin({ ...plan, run })
    later(1_000 * HOUR)
    expect(await gc({ keepRuns: 0 })).toEqual(NOTHING)
    expect(await runs()).toEqual(['run-1', 'run-2', 'run-3'])
  })

  it('removes on services a run that nobody runs, because its plan is not valid', async () => {
    const { plan } = await host.plan(kept)
    await begin({ ...plan, run: 'run-1' })
    later(1_000 * HOUR)
    expect(await gc({ keepRuns: 0, planFault: () => 'it is not signed' })).toMatchObject({ runs: ['run-1'] })
  })

  it('keeps a run that is put into production while it works, with all that the run refers to', async () => {
    await host.make('a')
    await host.make('b')
    later(2 * HOUR)
    const path = at.ref(PRODUCTION)
    const onRemoveRuns = async (removing: readonly string[]) => {
      expect(removing).toEqual(['run-1'])
      await host.store.create(path, encodeRecord({ v: 1, run: 'run-1', since: 1, by: 'ann' }, path))
    }
    expect(await gc({ onRemoveRuns })).toEqual(NOTHING)
    expect(await host.make('a')).toEqual({ make: 'reused', finish: 'reused', spread: 'reused' })
  })

  it('keeps code that a run uses which was planned while it works', async () => {
    await host.make('a')
    const { plan } = await host.plan(kept)
    await host.make('b')
    later(2 * HOUR)
    const moved = { fingerprint: sha256('gone'), digest: sha256('gone'), packages: sha256('') }
    await host.store.create(at.code(moved), Buffer.from('gone'))
    later(2 * HOUR)
    const steps = { ...plan.steps, make: { ...plan.steps['make']!, code: moved } }
    const onRemoveRuns = () => begin({ ...plan, run: 'run-9', steps }).then(() => {})
    expect(await gc({ onRemoveRuns })).toMatchObject({ runs: ['run-1'], code: 0 })
    expect(host.files.has(at.code(moved))).toBe(true)
  })

  it('keeps a queued run, however long it waits', async () => {
    const { plan } = await host.plan(kept)
    await begin({ ...plan, run: 'run-0', queued: true })
    await host.make('a')
    await host.make('b')
    later(1_000 * HOUR)
    expect((await gc()).runs).toEqual(['run-1'])
    expect(await runs()).toEqual(['run-0', 'run-2'])
  })

  it('finishes the removal of a run, wherever an earlier collection was interrupted', async () => {
    await host.make('a')
    await host.make('b')
    const before = new Map(host.files)
    const { remove } = host.store
    for (let interruptedAt = 0, isOver = false; !isOver; interruptedAt++) {
      host.files.clear()
      for (const [path, bytes] of before) host.files.set(path, bytes)
      later(2 * HOUR)
      let removed = 0
      host.store.remove = async (path) => {
        if (removed++ === interruptedAt) throw new Error('interrupted')
        await remove(path)
      }
      isOver = await gc().then(
        () => true,
        () => false,
      )
      host.store.remove = remove
      await gc()
      expect(await runs(), `interrupted at removal ${interruptedAt}`).toEqual(['run-2'])
    }
  })

  it('removes what a late process wrote for a run that was removed, once it is old enough', async () => {
    await host.make('a')
    const late = [at.end('run-1', 'make'), at.end('run-1', 'finish')]
    const bytes = late.map((path) => host.files.get(path)!)
    later(2 * HOUR)
    await gc({ keepRuns: 0 })
    expect(await runs()).toEqual([])
    late.forEach((path, index) => host.files.set(path, bytes[index]!))
    later(HOUR)
    expect(await gc({ keepMs: 2 * HOUR })).toMatchObject({ runs: [] })
    later(2 * HOUR)
    expect(await gc({ keepMs: 2 * HOUR })).toMatchObject({ runs: ['run-1'] })
    expect(await runs()).toEqual([])
  })

  it('does not count what is left of a removed run as one of the runs to keep', async () => {
    await host.make('a')
    await host.make('b')
    await host.make('c')
    host.files.delete(at.plan('run-3'))
    later(2 * HOUR)
    expect((await gc()).runs.sort()).toEqual(['run-1', 'run-3'])
  })

  it('changes nothing in a dry run, and reports what it would do', async () => {
    await host.make('a')
    await host.make('b')
    later(2 * HOUR)
    await gc()
    await host.make('c')
    await host.store.move(at.object(objectOf('c')), at.trash(objectOf('c')))
    later(2 * HOUR)
    const before = new Map(host.files)
    const told = await gc({ dryRun: true })
    expect(host.files).toEqual(before)
    expect(told).toMatchObject({ runs: ['run-2'], trashed: 1, deleted: 1, restored: 1 })
    expect(await gc()).toEqual(told)
  })

  it('removes nothing that an unreadable record may refer to, and names the record', async () => {
    await host.make('a')
    await host.make('b')
    host.files.set(at.end('run-2', 'make'), Buffer.from('{'))
    later(2 * HOUR)
    const before = new Map(host.files)
    expect(await gc()).toMatchObject({ damaged: [at.end('run-2', 'make')], trashed: 0, deleted: 0 })
    const kept = [...before.keys()].filter((path) => !path.startsWith(at.run('run-1')))
    expect([...host.files.keys()]).toEqual(kept)
  })

  it('removes an old run even if its end cannot be read', async () => {
    await host.make('a')
    await host.make('b')
    host.files.set(at.runEnd('run-1'), Buffer.from('{'))
    later(2 * HOUR)
    expect(await gc()).toMatchObject({ runs: ['run-1'] })
    expect(await runs()).toEqual(['run-2'])
  })

  it('leaves every store intact, whatever was run and collected, in any order', async () => {
    const words = fc.constantFrom('a', 'b', 'c')
    const act = fc.oneof(
      fc.record({ make: words }),
      fc.record({ spread: fc.array(words, { maxLength: 3 }) }),
      fc.record({ hours: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ keepRuns: fc.nat(3), keepHours: fc.nat(3) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        host.remove()
        host = maintenanceHost()
        for (const act of acts) {
          if ('make' in act) await host.make(act.make)
          else if ('spread' in act) await host.spread(...act.spread)
          else if ('hours' in act) later(act.hours * HOUR)
          else await gc({ keepRuns: act.keepRuns, keepMs: act.keepHours * HOUR, graceMs: HOUR })
          expect((await examine(host.store, at)).findings).toEqual([])
        }
        later(10 * HOUR)
        await gc({ keepRuns: 0 })
        later(10 * HOUR)
        await gc({ keepRuns: 0 })
        expect([...host.files.keys()]).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})
