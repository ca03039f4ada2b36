import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CairnError } from '../errors.ts'
import { unfinished } from '../run/holder.ts'
import { ownersOf } from '../run/owners.ts'
import type { Plan } from '../run/plan-record.ts'
import { readRecord, type EndRecord } from '../run/records.ts'
import { RunState } from '../run/run-state.ts'
import { unfitTasks } from '../run/unfit.ts'
import { examine } from './doctor.ts'
import { collect } from './gc.ts'
import { at, HOUR, upkeepHost, type UpkeepHost } from './upkeep.fixture.ts'

type Place = { readonly holder: Record<string, unknown>; readonly key: string }

/** Every value in a record, with what holds it. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.keys(value).flatMap((key) => {
    const holder = value as Record<string, unknown>
    return [{ holder, key }, ...placesIn(holder[key])]
  })
}

const DEEP = 'nested deeply'
const values: readonly unknown[] = [
  null,
  '',
  'x',
  '../../x',
  'constructor',
  'x'.repeat(100_000),
  -1,
  0,
  1.5,
  1e300,
  true,
  [],
  [null],
  {},
  { x: {} },
  DEEP,
  JSON.parse('{"__proto__":{"v":1}}'),
]

/** Something that a record could have become: a field dropped, of another type, nested, one too many, in another place. */
function altered(record: object, where: number, how: number): string {
  const copy = structuredClone(record) as { v?: unknown; check?: unknown }
  delete copy.check
  const places = placesIn(copy)
  const { holder, key } = places[where % places.length]!
  const kind = how % (values.length + 4)
  if (kind < values.length) holder[key] = values[kind]
  else if (kind === values.length) delete holder[key]
  else if (kind === values.length + 1) copy.v = [2, '1', {}, -1, null][where % 5]
  else if (kind === values.length + 2) holder[key] = { [key]: holder[key] }
  else holder[`${key}x`] = holder[key]
  return JSON.stringify(copy)
    .replace('"v":1', kind % 3 === 0 ? '"__proto__":{},"v":1' : '"v":1')
    .replaceAll(JSON.stringify(DEEP), '['.repeat(20_000) + ']'.repeat(20_000))
}

describe('a record that is damaged in any way', () => {
  let host: UpkeepHost
  let sound: ReadonlyMap<string, Uint8Array>
  beforeAll(async () => {
    host = upkeepHost()
    await host.make('a')
    await host.make('b')
    sound = new Map(host.files)
  })
  afterAll(() => host.remove())

  const lookAtAll = async () => {
    const { store } = host
    for (const run of await store.children(at.runs)) {
      const plan = await readRecord<Plan>(store, at.plan(run)).catch(onlyNamed)
      await unfinished(store, at, run, () => false)
      await unfitTasks(store, at, run).catch(onlyNamed)
      if (!plan) continue
      ownersOf(plan)
      const state = new RunState(plan)
      for (const file of await store.children(at.ends(run))) {
        const end = await readRecord<EndRecord>(store, at.ends(run) + file).catch(onlyNamed)
        if (end) state.end(at.taskOf(file), end)
      }
    }
  }
  const onlyNamed = (error: unknown): undefined => {
    expect(error).toBeInstanceOf(CairnError)
  }

  it('is named, harms no other, and is set aside by repair, after which nothing is named any more', async () => {
    const { store, files, clock } = host
    const records = [...sound.keys()].filter((path) => !/\/(objects|code)\//.test(path))
    expect(new Set(records.map((path) => path.slice(at.root.length).split('/')[0]))).toEqual(
      new Set(['runs', 'checkpoints']),
    )
    const bad = fc.tuple(fc.constantFrom(...records), fc.nat(), fc.nat())
    await fc.assert(
      fc.asyncProperty(bad, async ([path, where, how]) => {
        files.clear()
        for (const [file, bytes] of sound) files.set(file, bytes)
        const record = JSON.parse(String(sound.get(path))) as object
        files.set(path, Buffer.from(altered(record, where, how)))
        await lookAtAll()
        await collect(store, clock, at, { keepRuns: 5, keepMs: HOUR, graceMs: HOUR, dryRun: true }).catch(onlyNamed)
        const { findings } = await examine(store, at)
        await examine(store, at, { repair: true })
        const { findings: left } = await examine(store, at)
        const isRepairable = findings.every(({ repair }) => !repair.startsWith('none'))
        if (isRepairable) expect(left.filter(({ what }) => /is damaged/.test(what))).toEqual([])
        const kept = [...sound.keys()].filter((each) => each !== path)
        const folder = /^.*\/runs\/[^/]+\/(?=plan$)/.exec(path)?.[0]
        for (const each of kept)
          if (folder === undefined || !each.startsWith(folder)) expect(files.has(each), each).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  it('is not collected with what only later versions know', async () => {
    const { store, files, clock } = host
    files.clear()
    for (const [file, bytes] of sound) files.set(file, bytes)
    const path = [...sound.keys()].find((each) => each.includes('/ends/'))
    files.set(path!, Buffer.from('{"v":2}'))
    const policy = { keepRuns: 5, keepMs: HOUR, graceMs: HOUR }
    await expect(collect(store, clock, at, policy)).rejects.toMatchObject({ next: 'update Cairn' })
    await examine(store, at, { repair: true })
    expect(files.has(path!)).toBe(true)
  })
})
