import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import {
  channels,
  encodeRecord,
  endEvent,
  layout,
  readRecord,
  type CairnEvent,
  type EndRecord,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import { each, list, pipeline, step } from '@cairn/kernel'
import { contractEvents } from '@cairn/drivers/events/hostile-events.fixture'
import { Int, openApps, type Apps } from './apps.fixture.ts'

const draw = step('draw', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 3, 4, 5] }) })
const double = step('double', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * 2 }) })
const total = step('total', {
  inputs: { ns: list(Int) },
  outputs: { n: Int },
  async run({ ns }) {
    let n = 0
    for await (const one of ns) n += one
    return { n }
  },
})
const report = step('report', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n + 1 }) })
const p = pipeline('p', () => {
  const { ns } = draw({})
  const { n } = each(ns, (n) => double({ n }), { batch: 2 })
  return report(total({ ns: n }))
})
const PLACES = { draw: 'draw', 'each-ns': undefined, double: 'double', total: 'total', report: 'report' }

let apps: Apps
beforeEach(() => (apps = openApps()))
afterEach(() => apps.close())

it('forged events do not change or stop any run', async () => {
  for (const one of [draw, double, total, report]) await apps.openStage(p, [one])
  const random = fc.sample(
    contractEvents({ env: 'test', pipeline: 'p', runs: ['run-1', 'run-2', 'run-3'], places: PLACES }),
    600,
  )
  for (let round = 0; round < 3; round++) {
    const before = random.splice(0, 100)
    await apps.bus.publish('cairn.test.p', before)
    await apps.start(p)
    await apps.bus.publish('cairn.test.p', random.splice(0, 100))
  }
  for (const run of ['run-1', 'run-2', 'run-3']) {
    const at = layout('test', 'p')
    // The event of a run's end may be forged, too.
    await expect
      .poll(() => readRecord<RunEnd>(apps.store, at.runEnd(run)), { timeout: 30_000 })
      .toMatchObject({ status: 'completed' })
    const files = await apps.store.children(at.ends(run))
    expect(files.sort()).toEqual(['double@0', 'double@1', 'double@2', 'draw', 'each-ns', 'report', 'total'])
    const end = (await readRecord<EndRecord>(apps.store, at.end(run, 'report')))!
    expect(end.items).toMatchObject([{ status: 'completed', outputs: { n: { text: '31' } } }])
  }
})

const ENDINGS = ['completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'] as const

it.each(ENDINGS)('no task of a run in progress counts as %s without a record', async (ending) => {
  const drawing = Promise.withResolvers<void>()
  const isDrawing = Promise.withResolvers<void>()
  const slow = step('draw', {
    outputs: { ns: list(Int) },
    async run() {
      isDrawing.resolve()
      await drawing.promise
      return { ns: [1, 2, 3, 4, 5] }
    },
  })
  const q = pipeline('q', () => {
    const { ns } = slow({})
    const { n } = each(ns, (n) => double({ n }), { batch: 2 })
    return report(total({ ns: n }))
  })
  for (const one of [slow, double, total, report]) await apps.openStage(q, [one])
  const { run } = await apps.start(q)
  await isDrawing.promise
  const tasks = ['draw', 'each-ns', 'double/0', 'double/7', 'total', 'report']
  const givenUp = deadLetters()
  const lies = [...tasks, ...tasks.toReversed()].map((task) => lie(run, task, ending))
  await apps.bus.publish('cairn.test.q', lies)
  // Each event is given up at least by the hosts of its task.
  await expect.poll(() => givenUp.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(lies.length)
  drawing.resolve()
  const at = layout('test', 'q')
  await expect
    .poll(() => readRecord<RunEnd>(apps.store, at.runEnd(run)), { timeout: 30_000 })
    .toMatchObject({ status: 'completed' })
  const end = (await readRecord<EndRecord>(apps.store, at.end(run, 'report')))!
  expect(end.items).toMatchObject([{ status: 'completed', outputs: { n: { text: '31' } } }])
  for (const file of await apps.store.children(at.ends(run)))
    expect([file, (await readRecord<EndRecord>(apps.store, at.end(run, at.taskOf(file))))!.status]).toEqual([
      file,
      'completed',
    ])
})

it.each(ENDINGS)('the record decides how a task ended, whatever an earlier event says: %s', async (ending) => {
  for (const one of [draw, double, total, report]) await apps.openStage(p, [one])
  const first = await apps.start(p)
  await first.ended
  const at = layout('test', 'p')
  const drawn = (await readRecord<EndRecord>(apps.store, at.end(first.run, 'draw')))!
  const before = apps
  apps = openApps()
  const { bus, store } = apps
  for await (const { path } of before.store.list(`${at.root}objects/`))
    await store.put(path, (await before.store.read(path))!)
  await before.close()
  // The end of `draw` is recorded, but its hosts have not published it yet.
  for (const one of [double, total, report]) await apps.openStage(p, [one])
  const { run } = await apps.start(p)
  await store.create(at.end(run, 'draw'), encodeRecord(drawn, at.end(run, 'draw')))
  await bus.publish('cairn.test.p', [lie(run, 'draw', ending, 'p')])
  const plan = (await readRecord<Plan>(store, at.plan(run)))!
  await bus.publish('cairn.test.p', [endEvent(plan, 'draw', drawn)])
  await expect
    .poll(() => readRecord<RunEnd>(store, at.runEnd(run)), { timeout: 30_000 })
    .toMatchObject({ status: 'completed' })
  const end = (await readRecord<EndRecord>(store, at.end(run, 'report')))!
  expect(end.items).toMatchObject([{ status: 'completed', outputs: { n: { text: '31' } } }])
})

/** A forged event of an ending, with the minimum of fields that its type requires. */
function lie(run: string, task: string, ending: (typeof ENDINGS)[number], pipeline = 'q'): CairnEvent {
  const [node = '', batch] = task.split('/')
  const subject = `${run}/${task}`
  return {
    specversion: '1.0',
    id: `${subject}/${ending}`,
    type: `cairn.${ending}`,
    source: `/test/${pipeline}`,
    subject,
    time: new Date(0).toISOString(),
    partitionkey: run,
    data: { env: 'test', pipeline, run, node, ...(batch !== undefined && { batch }), counts: {} },
    headers: {},
  }
}

it.each([
  ['with its original time', (createdAt: number) => createdAt],
  ['with the current time', () => Date.now()],
  ['with a time of tomorrow', () => Date.now() + 86_400_000],
])('a run in progress is not treated as new if its start is sent again %s', async (_, momentOf) => {
  const adding = Promise.withResolvers<void>()
  const isAdding = Promise.withResolvers<void>()
  const slow = step('total', {
    inputs: { ns: list(Int) },
    outputs: { n: Int },
    async run({ ns }) {
      isAdding.resolve()
      await adding.promise
      return { n: (await ns.all()).length }
    },
  })
  const q = pipeline('q', () => {
    const { ns } = draw({})
    const { n } = each(ns, (n) => double({ n }), { batch: 2 })
    return report(slow({ ns: n }))
  })
  for (const one of [draw, double, slow, report]) await apps.openStage(q, [one])
  const { run } = await apps.start(q)
  await isAdding.promise
  const givenUp = deadLetters()
  // A host that has handled a forged event rebuilds what it knows of the run.
  await apps.bus.publish('cairn.test.q', [lie(run, 'total', 'completed')])
  await expect.poll(() => new Set(givenUp.map(({ group }) => group)).size).toBe(2)
  const at = layout('test', 'q')
  const { createdAt } = (await readRecord<Plan>(apps.store, at.plan(run)))!
  await apps.bus.publish('cairn.test.q', [
    {
      ...lie(run, 'total', 'completed'),
      id: `${run}/run-started`,
      type: 'cairn.run-started',
      subject: run,
      time: new Date(momentOf(createdAt)).toISOString(),
      data: { env: 'test', pipeline: 'q', run },
    },
    lie('no-run', 'draw', 'completed'), // last: a host that has given it up has handled the others
  ])
  await expect.poll(() => givenUp.filter(({ run }) => run === 'no-run').length).toBe(4)
  adding.resolve()
  await expect
    .poll(() => readRecord<RunEnd>(apps.store, at.runEnd(run)), { timeout: 30_000 })
    .toMatchObject({ status: 'completed' })
})

/** Collects the group and run of every event that a group gives up from now on. */
function deadLetters(): { readonly group: string; readonly run: string }[] {
  const letters: { group: string; run: string }[] = []
  const note = (message: unknown) => {
    const { group, event } = message as { group: string; event: CairnEvent }
    letters.push({ group, run: event.data.run })
  }
  channels.deadLetter.subscribe(note)
  onTestFinished(() => {
    channels.deadLetter.unsubscribe(note)
  })
  return letters
}
