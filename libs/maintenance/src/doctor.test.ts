import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { submit } from '@cairn/engine'
import { encodeRecord, PRODUCTION, sha256 } from '@cairn/records'
import { examine } from './doctor.ts'
import type { Checkup, CheckupPlace } from './examination.ts'
import { at, kept, maintenanceHost, type MaintenanceHost } from './maintenance.fixture.ts'

const objectOf = (word: string) => sha256(JSON.stringify(word.repeat(5_000)))

describe('a doctor', () => {
  let host: MaintenanceHost
  beforeEach(async () => {
    host = maintenanceHost()
    await host.make('a')
  })
  afterEach(() => host.remove())

  const findings = async (options = {}) =>
    (await examine(host.store, at, options)).findings.map(({ path, what, repair }) => ({
      path: path.slice(at.root.length),
      what,
      repair,
    }))
  const checkpointOf = (step: string) => host.paths(`checkpoints/${step}/`)[0]!
  const below = (path: string) => path.slice(at.root.length)
  /** Changes one byte of a file, leaving its length as it is. */
  const flip = (path: string, where = 10) => {
    const bytes = Uint8Array.from(host.files.get(path)!)
    bytes[where]! ^= 1
    host.files.set(path, bytes)
  }
  const rerun = () => host.make('a')

  const REUSED = { make: 'reused', finish: 'reused', spread: 'reused' }
  const RETIRED = 'removed from use: the next run computes it again'
  const QUARANTINED = 'moved to quarantine/'
  const HISTORY = 'none: the run is over'
  const AGAIN = 'none: the run is over; run the pipeline again to get the outputs'

  it('finds no problem after a run, and reports what was checked', async () => {
    await host.make('b')
    expect(await examine(host.store, at, { repair: true })).toEqual({
      findings: [],
      checked: { runs: 2, checkpoints: 5, objects: 4, bytes: 4 * 5_002, read: 4 * 5_002 },
    })
    expect(await host.make('b')).toEqual(REUSED)
  })

  it('finds an object with a flipped byte, and quarantines it and the records that name it', async () => {
    const object = at.object(objectOf('a'))
    flip(object)
    const found = [
      { path: below(object), what: 'its content does not match its digest', repair: QUARANTINED },
      { path: below(checkpointOf('make')), what: `it refers to the damaged object ${objectOf('a')}`, repair: RETIRED },
      { path: 'runs/run-1/', what: `it refers to the damaged object ${objectOf('a')}`, repair: AGAIN },
    ]
    expect(await findings()).toEqual(found)
    const retired = checkpointOf('make')
    expect(await findings({ repair: true })).toEqual(found)
    expect(host.files.has(object) || host.files.has(retired)).toBe(false)
    expect(host.paths('quarantine/').sort()).toEqual(
      [at.quarantine(objectOf('a')), `${at.root}quarantine/make-${retired.split('/').at(-1)}`].sort(),
    )
    expect(await rerun()).toEqual({ ...REUSED, make: 'computed' })
    expect(await findings()).toEqual([])
  })

  it('accepts an intact object in the trash', async () => {
    await host.store.move(at.object(objectOf('a')), at.trash(objectOf('a')))
    expect(await findings()).toEqual([])
  })

  it('finds a damaged object in the trash, too', async () => {
    const trashed = at.trash(objectOf('a'))
    await host.store.move(at.object(objectOf('a')), trashed)
    flip(trashed)
    await findings({ repair: true })
    expect(host.files.has(trashed)).toBe(false)
    expect(await rerun()).toEqual({ ...REUSED, make: 'computed' })
  })

  it('finds references to a missing object', async () => {
    await host.store.remove(at.object(objectOf('a')))
    const what = `it refers to object ${objectOf('a')}, which is missing`
    expect(await findings({ repair: true })).toEqual([
      { path: expect.stringMatching(/^checkpoints\/make\//), what, repair: RETIRED },
      { path: 'runs/run-1/', what, repair: AGAIN },
    ])
    expect(await rerun()).toEqual({ ...REUSED, make: 'computed' })
  })

  it('finds a production run that is not in the store', async () => {
    const path = at.ref(PRODUCTION)
    const production = (run: string) => encodeRecord({ v: 1, run, since: 1, by: 'ann' }, path)
    host.files.set(path, production('run-1'))
    expect(await findings()).toEqual([])
    host.files.set(path, production('run-7'))
    const repair = 'none: put another run into production: cairn promote kept'
    expect(await findings({ repair: true })).toEqual([
      { path: below(path), what: 'it names the run run-7, which is not in the store', repair },
    ])
  })

  it('follows lists to their items', async () => {
    await host.store.remove(at.object(objectOf('y')))
    expect(await findings({ repair: true })).toMatchObject([
      { path: expect.stringMatching(/^checkpoints\/spread\//), repair: RETIRED },
      { path: 'runs/run-1/' },
    ])
    expect(await rerun()).toEqual({ ...REUSED, spread: 'computed' })
    expect(await findings()).toEqual([])
  })

  it.each([
    ['of this version', /^.* is damaged: its content does not match its check$/],
    ['without a check, of an earlier version', /^its output "small" does not match its digest$/],
  ])('finds an artifact with a flipped byte in the records that hold it, %s', async (version, says) => {
    const what: unknown = expect.stringMatching(says)
    const withoutCheck = (path: string) => String(Buffer.from(host.files.get(path)!)).replace(/,"check":"\w+"}$/, '}')
    for (const path of [checkpointOf('make'), at.end('run-1', 'make')]) {
      if (version !== 'of this version') host.files.set(path, Buffer.from(withoutCheck(path)))
      flip(path, Buffer.from(host.files.get(path)!).indexOf('"text":"\\"a') + 10)
    }
    expect(await findings({ repair: true })).toEqual([
      { path: expect.stringMatching(/^checkpoints\/make\//), what, repair: RETIRED },
      { path: 'runs/run-1/ends/make', what, repair: version === 'of this version' ? QUARANTINED : HISTORY },
    ])
    expect(await rerun()).toEqual({ ...REUSED, make: 'computed' })
  })

  it.each([
    ['is not valid JSON', '{"v":1,', 'moved to quarantine/'],
    [
      'has record version 99, but this version of Cairn supports only versions up to 1',
      '{"v":99}',
      'none: update Cairn',
    ],
  ])('finds a record that %s', async (what, text, how) => {
    const broken = [checkpointOf('make'), at.plan('run-1'), at.runEnd('run-1'), at.end('run-1', 'finish')]
    for (const path of broken) host.files.set(path, Buffer.from(text))
    expect(await findings({ repair: true })).toEqual(
      broken.map((path, index) => ({
        path: below(path),
        what: `${path} ${what}`,
        repair: index === 0 ? RETIRED : how,
      })),
    )
    expect(await rerun()).toEqual({ ...REUSED, make: 'computed' })
  })

  it('finds a checkpoint under another key', async () => {
    await host.make('b')
    const [a, b] = host.paths('checkpoints/make/') as [string, string]
    host.files.set(b, host.files.get(a)!)
    expect(await findings({ repair: true })).toEqual([
      { path: below(b), what: `${b} is damaged: its content does not match its check`, repair: RETIRED },
    ])
    expect(await host.make('b')).toEqual({ ...REUSED, make: 'computed' })
    expect(await rerun()).toEqual(REUSED)
  })

  describe('of stored code', () => {
    const CHANGED = { what: 'the code differs from the code that runs were planned with', repair: QUARANTINED }
    const bus = { publish: async () => {}, subscribe: () => Promise.reject(new Error()) }
    const code = () => host.paths('code/').find((path) => String(host.files.get(path)) === 'make')!

    it('finds changed code, and the next plan stores it again', async () => {
      const path = code()
      flip(path, 1)
      expect(await findings()).toEqual([{ path: below(path), ...CHANGED }])
      await findings({ repair: true })
      expect(host.files.has(path)).toBe(false)
      expect(await host.make('b')).toMatchObject({ make: 'computed' })
      expect(code()).toBe(path)
      expect(await findings()).toEqual([])
    })

    it('is corrected by the next plan: changed code is never run', async () => {
      const path = code()
      flip(path, 1)
      expect(await host.make('b')).toMatchObject({ make: 'computed' })
      expect(code()).toBe(path)
      const manifest = path.replace('.mjs', '.json')
      const before = host.files.get(manifest)
      flip(manifest, 1)
      await host.make('c')
      expect(host.files.get(manifest)).toEqual(before)
      expect(await findings()).toEqual([])
    })

    it('finds a run in progress whose code is missing', async () => {
      const { plan } = await host.plan(kept)
      const gone = { fingerprint: 'f', digest: sha256('gone'), packages: sha256('') }
      const steps = { ...plan.steps, make: { ...plan.steps['make']!, code: gone } }
      await submit({ store: host.store, bus, clock: host.clock }, { ...plan, steps })
      const what = `it needs the code f-${sha256('gone').slice(0, 16)}, which is not in the store`
      const repair = 'none: cancel the run, and start a new one, which stores its code again'
      expect(await findings()).toEqual([{ path: below(at.plan(plan.run)), what, repair }])
    })

    it('finds a changed fallback', async () => {
      const { plan } = await host.plan(kept)
      const fallback = { fingerprint: 'f', digest: sha256('fallback'), packages: sha256('') }
      const steps = { ...plan.steps, make: { ...plan.steps['make']!, fallback } }
      await submit({ store: host.store, bus, clock: host.clock }, { ...plan, steps })
      await host.store.create(at.code(fallback), Buffer.from('fallback'))
      expect(await findings()).toEqual([])
      flip(at.code(fallback), 1)
      expect(await findings()).toEqual([{ path: below(at.code(fallback)), ...CHANGED }])
    })
  })

  it('stops and continues on request: all parts together find what one check of everything finds', async () => {
    await host.make('b')
    flip(at.object(objectOf('b')))
    await host.store.remove(at.object(objectOf('y')))
    host.files.set(at.end('run-2', 'finish'), Buffer.from('{'))
    host.files.set(at.lease('x'), Buffer.from('{'))
    const whole = await examine(host.store, at)
    expect(whole.findings.map(({ path }) => below(path).split('/')[0])).toEqual(
      ['objects', 'checkpoints', 'checkpoints', 'runs', 'runs', 'runs', 'leases'], // of run-1 one, of run-2 two
    )
    const parts: Checkup[] = []
    for (let from: CheckupPlace | undefined, looks = 0; looks === 0 || from; looks++) {
      const part = await examine(host.store, at, { ...(from && { from }), isEnough: () => true })
      parts.push(part)
      from = part.next
    }
    expect(parts.length).toBeGreaterThan(10)
    expect(parts.flatMap(({ findings }) => findings)).toEqual(whole.findings)
    for (const count of ['runs', 'checkpoints', 'objects', 'bytes', 'read'] as const)
      expect(
        parts.reduce((sum, { checked }) => sum + checked[count], 0),
        count,
      ).toBe(whole.checked[count])
  })

  it('names an object that the store cannot read, and checks the others; an outage ends the check', async () => {
    const lost = at.object(objectOf('a'))
    const failure = new CairnError('STORE_FAILED', 'it answers 503 SlowDownRead')
    const digestOf = async (path: string) => {
      if (path === lost) throw failure
      return path.slice(path.lastIndexOf('/') + 1)
    }
    const named = [
      { path: lost, what: 'the store cannot read it: it answers 503 SlowDownRead' },
      { path: checkpointOf('make'), what: `it refers to the damaged object ${objectOf('a')}` },
      { path: at.run('run-1'), what: `it refers to the damaged object ${objectOf('a')}` },
    ]
    expect((await examine(host.store, at, { digestOf })).findings).toMatchObject(named)
    const before = new Map(host.files)
    const repaired = await examine(host.store, at, { digestOf, repair: true })
    expect([repaired.findings, host.files]).toMatchObject([named.slice(0, 1), before])
    const away = { ...host.store, stat: () => Promise.reject(failure) }
    await expect(examine(away, at, { digestOf })).rejects.toBe(failure)
  })

  it('reports the same problems, whichever of its requests fails', async () => {
    flip(at.object(objectOf('a')))
    host.files.set(at.end('run-1', 'finish'), Buffer.from('{'))
    const whole = await examine(host.store, at)
    expect(whole.findings).toHaveLength(4)
    let requests = 0
    let failing = Infinity
    const store = new Proxy(host.store, {
      get: (of, name) => {
        const method: unknown = Reflect.get(of, name)
        if (typeof method !== 'function') return method
        return (...given: unknown[]) => {
          if (requests++ === failing) throw new CairnError('STORE_FAILED', 'it answers 503 SlowDownRead')
          return Reflect.apply(method, of, given) as unknown
        }
      },
    })
    await examine(store, at)
    for (failing = 0; failing < requests; failing++) {
      const all = requests
      requests = 0
      const found = await examine(store, at).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'STORE_FAILED' })
        return whole
      })
      const unread = found.findings.filter(({ what }) => what.startsWith('the store cannot read it'))
      if (unread.length === 0) expect(found, `without request ${failing}`).toEqual(whole)
      requests = all
    }
  })

  it('reads the requested share of the bytes, and reports how many it has read', async () => {
    flip(at.object(objectOf('a')))
    const { findings: found, checked } = await examine(host.store, at, { share: 0 })
    expect([found, checked]).toEqual([[], { runs: 1, checkpoints: 3, objects: 3, bytes: 3 * 5_002, read: 0 }])
    await host.store.remove(at.object(objectOf('x')))
    expect((await examine(host.store, at, { share: 0 })).findings).toHaveLength(2) // what is gone is seen all the same
  })

  it('changes nothing without repair', async () => {
    flip(at.object(objectOf('a')))
    await host.store.remove(at.object(objectOf('x')))
    host.files.set(checkpointOf('finish'), Buffer.from('{'))
    const before = new Map(host.files)
    expect(await findings()).toHaveLength(5)
    expect(host.files).toEqual(before)
  })
})
