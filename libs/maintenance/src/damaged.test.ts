import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { unfinished, readRecord, type Plan, type EndRecord } from '@cairn/records'
import { routingOf, RunState, unfitTasks } from '@cairn/engine'
import { altered } from './damaged.fixture.ts'
import { examine } from './doctor.ts'
import { collect } from './gc.ts'
import { at, HOUR, maintenanceHost, type MaintenanceHost } from './maintenance.fixture.ts'

describe('a record that is damaged in any way', () => {
  let host: MaintenanceHost
  let sound: ReadonlyMap<string, Uint8Array>
  beforeAll(async () => {
    host = maintenanceHost()
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
      routingOf(plan)
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

  it('is named, affects no other, and is moved away by repair, after which no problem is left', async () => {
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

  it('is not collected together with records of later versions', async () => {
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
