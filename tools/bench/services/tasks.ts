import { median, type Figure } from '../lab.ts'
import type { Size } from './figures.ts'
import { cairnTopicOf, dataOf, floorTopicOf, typeOf, within, type Received, type ServicesLab } from './lab.ts'

const LEAST_SHARE = 0.6
const LEAST_ITEMS = 1_000
const CONCURRENCY = 16
const BATCH = 100

/** Tasks of one step, each of one item with a batch of its own, by one stage and by two. */
export async function tasks(lab: ServicesLab, { tasks, repeat }: Size): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const replicas of [1, 2]) {
    const [cairn, floor] = await rates(lab, { pipeline: 'tasks', role: 'single', count: tasks, replicas, repeat })
    const share = cairn / floor
    figures.push({
      what: `tasks/s through one step, ${replicas === 1 ? 'one replica' : 'two replicas'}, ${CONCURRENCY} at once in each`,
      cairn: cairn.toFixed(0),
      floor: floor.toFixed(0),
      ratio: share,
      aim: `>= ${LEAST_SHARE}x`,
      met: share >= LEAST_SHARE,
    })
  }
  return figures
}

export async function items(lab: ServicesLab, { items, repeat }: Size): Promise<Figure[]> {
  const [cairn, floor, again] = await rates(lab, {
    pipeline: 'items',
    role: 'batch',
    count: items,
    replicas: 2,
    repeat,
  })
  return [
    {
      what: `items/s of an \`each\` over ${items.toLocaleString('en')}, from the run's start to its end, two replicas`,
      cairn: cairn.toFixed(0),
      floor: floor.toFixed(0),
      ratio: cairn / floor,
      aim: `>= ${LEAST_ITEMS.toLocaleString('en')}`,
      met: cairn >= LEAST_ITEMS,
    },
    { what: 'the same when all items are reused', cairn: again.toFixed(0), floor: '', aim: '', met: true },
  ]
}

interface Way {
  readonly pipeline: 'tasks' | 'items'
  readonly role: 'single' | 'batch'
  readonly count: number
  readonly replicas: number
  readonly repeat: number
}

/** How many a second: of Cairn, of the floor, and of Cairn when everything is there. */
async function rates(
  lab: ServicesLab,
  { pipeline, role, count, replicas, repeat }: Way,
): Promise<[number, number, number]> {
  const [numbers, ...running] = await Promise.all([
    lab.startStage(pipeline, 'numbers'),
    ...Array.from({ length: replicas }, () => lab.startStage(pipeline, 'square')),
    ...Array.from({ length: replicas }, () => lab.startFloor(pipeline, role, CONCURRENCY)),
  ])
  const cairn = await cairnSpan(lab, pipeline)
  const floor = await floorSpan(lab, pipeline)
  const found = { cairn: [] as number[], floor: [] as number[], again: [] as number[] }
  const warmUp = Math.min(count, 200)
  await cairn(++seed * 1e6, warmUp)
  await floor(warmUp, role)
  for (let round = 0; round < repeat; round++) {
    found.cairn.push((count * 1000) / (await cairn(++seed * 1e6, count)))
    found.floor.push((count * 1000) / (await floor(count, role)))
    if (pipeline === 'items') found.again.push((count * 1000) / (await cairn(seed * 1e6, count)))
  }
  await Promise.all([numbers, ...running].map((process) => process.stop()))
  return [median(found.cairn), median(found.floor), median(found.again)]
}
let seed = 0

/** Gives how long a run takes, in milliseconds: single tasks from the first's being ready to the last's end. */
export async function cairnSpan(lab: ServicesLab, pipeline: 'tasks' | 'items') {
  let onMessage: (message: Received) => void = () => {}
  await lab.listen(cairnTopicOf(pipeline), (message) => onMessage(message))
  return async (seed: number, count: number): Promise<number> => {
    const ended = Promise.withResolvers<void>()
    let [first, last] = [Infinity, 0]
    const plan = await lab.plan(pipeline, { seed, count })
    onMessage = (message) => {
      const { run, batch, status } = dataOf(message)
      if (run !== plan.run) return
      const type = typeOf(message)
      if (type === (pipeline === 'tasks' ? 'ready' : 'run-started')) first = Math.min(first, message.at)
      if (type === 'completed' && batch !== undefined) last = message.at
      if (type !== 'run-ended') return
      if (pipeline === 'items') last = message.at
      if (status === 'completed') ended.resolve()
      else ended.reject(new Error(`the run ended as ${status}`))
    }
    await lab.submit(plan)
    await within(ended.promise, `the end of ${plan.run}`)
    return last - first
  }
}

async function floorSpan(lab: ServicesLab, pipeline: string) {
  let onMessage: (message: Received) => void = () => {}
  const topic = floorTopicOf(pipeline)
  await lab.listen(topic, (message) => onMessage(message))
  let runs = 0
  return async (count: number, role: Way['role']): Promise<number> => {
    const run = `${pipeline}-${runs++}-${performance.now()}`
    const messages = role === 'batch' ? Math.ceil(count / BATCH) : count
    const items = role === 'batch' ? BATCH : undefined
    const ended = Promise.withResolvers<void>()
    let [first, last, done] = [Infinity, 0, 0]
    onMessage = ({ at, value }) => {
      const task = JSON.parse(value) as { run: string; isEnd?: boolean }
      if (task.run !== run) return
      first = Math.min(first, at)
      if (!task.isEnd) return
      last = at
      if (++done === messages) ended.resolve()
    }
    await lab.produce(
      topic,
      Array.from({ length: messages }, (_, n) => ({ key: `${run}/${n}`, value: JSON.stringify({ run, n, items }) })),
    )
    await within(ended.promise, `the end of ${run}`)
    return last - first
  }
}
