import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from '../lab.ts'
import { megabytes, quantile } from './figures.ts'
import { cairnTopicOf, dataOf, typeOf, within, type ControlProcess, type Running, type ServicesLab } from './lab.ts'

const CLIENTS = 24
const FOLLOWERS_A_RUN = 7
const READERS = 16
const STEPS = ['start', 'odd', 'even']
const SAMPLE_MS = 1_000
const COUNTED_WITHIN_MS = 25_000
const SHOWN = 10

/** Runs of a pipeline of five steps, started by so many clients: alone, then followed, then beside one who only reads. */
export async function load(lab: ServicesLab, runs: number): Promise<Figure[]> {
  const control = await lab.startControl()
  const stages = await Promise.all(STEPS.map((step) => lab.startStage('five', step)))
  const clients = await Clients.open(lab, control)
  await clients.run(CLIENTS) // the first finds nothing loaded
  const memory = new Memory({
    'control and its planners': [control],
    [`the ${STEPS.length} stages and the processes that they compute in`]: stages,
  })
  const few = Math.ceil(runs / 5)

  const alone = await measured(lab, () => clients.run(runs))
  const followed = await measured(lab, () => clients.run(few, FOLLOWERS_A_RUN))
  const reader = new Reader(control)
  const read = await measured(lab, () => reader.during(() => clients.run(few)))
  memory.stop()
  await Promise.all([control, ...stages].map((process) => process.stop()))
  return [
    ...figuresOf(`${runs} runs of five steps by ${CLIENTS} clients`, alone),
    ...figuresOf(`${few} more, ${CLIENTS * FOLLOWERS_A_RUN} followers at a time`, followed, alone),
    ...figuresOf(
      `${few} more beside one who only reads, ${READERS} requests at once (${reader.answered} answered, ${reader.refused} refused)`,
      read,
      alone,
    ),
    ...memory.figures(),
  ]
}

interface Load {
  readonly ms: number
  readonly submitMs: readonly number[]
  readonly runMs: readonly number[]
}
type Measured = Load & { readonly requests: Readonly<Record<string, number>> }

function figuresOf(what: string, { ms, submitMs, runMs, requests }: Measured, alone?: Measured): Figure[] {
  const count = runMs.length
  const rate = (load: Load) => (load.runMs.length * 1000) / load.ms
  const spread = (values: readonly number[]) =>
    `p50 ${quantile(values, 0.5).toFixed(0)} ms, p99 ${quantile(values, 0.99).toFixed(0)} ms`
  const perRun = (measured: Measured) =>
    Object.entries(measured.requests)
      .map(([name, number]) => `${(number / measured.runMs.length).toFixed(1)} ${name}`)
      .join(', ')
  const row = (about: string, cairn: string, floor: string): Figure => ({
    what: about,
    cairn,
    floor,
    aim: '',
    met: true,
  })
  return [
    row(`${what}: runs/s`, rate({ ms, submitMs, runMs }).toFixed(1), alone ? rate(alone).toFixed(1) : ''),
    row('their start', spread(submitMs), alone ? spread(alone.submitMs) : ''),
    row('from start to end', spread(runMs), alone ? spread(alone.runMs) : ''),
    row(
      'requests to the store, a run',
      perRun({ ms, submitMs, runMs, requests }),
      alone ? perRun(alone) : `of ${count} runs`,
    ),
  ]
}

async function measured(lab: ServicesLab, work: () => Promise<Load>): Promise<Measured> {
  const before = await storeRequests(lab)
  const load = await work()
  const after = await storeRequests(lab)
  const requests = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]!]))
  return { ...load, requests }
}

/** Each sends its next run when the one before has ended. */
class Clients {
  readonly #control: ControlProcess
  readonly #ends = new Map<string, PromiseWithResolvers<void>>()
  #seed = 0

  private constructor(control: ControlProcess) {
    this.#control = control
  }

  static async open(lab: ServicesLab, control: ControlProcess): Promise<Clients> {
    const clients = new Clients(control)
    await lab.listen(cairnTopicOf('five'), (received) => {
      if (typeOf(received) !== 'run-ended') return
      const { run, status } = dataOf(received)
      const end = clients.#endOf(run)
      if (status === 'completed') end.resolve()
      else end.reject(new Error(`${run} ended as ${status}`))
    })
    return clients
  }

  async run(count: number, followers = 0): Promise<Load> {
    const submitMs: number[] = []
    const runMs: number[] = []
    let left = count
    const client = async () => {
      while (left-- > 0) {
        const startedAt = performance.now()
        const run = await this.#start()
        submitMs.push(performance.now() - startedAt)
        const following = Array.from({ length: followers }, () => this.#follow(run))
        await within(this.#endOf(run).promise, `the end of ${run}`)
        this.#ends.delete(run)
        runMs.push(performance.now() - startedAt)
        await within(Promise.all(following), `the end of ${run}, at those that follow it`)
      }
    }
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: CLIENTS }, client))
    return { ms: performance.now() - startedAt, submitMs, runMs }
  }

  /** Also of a run that ends before its start is answered. */
  #endOf(run: string): PromiseWithResolvers<void> {
    let end = this.#ends.get(run)
    if (!end) this.#ends.set(run, (end = Promise.withResolvers()))
    return end
  }

  async #start(): Promise<string> {
    const { url, token } = this.#control
    const answer = await fetch(`${url}/v1/pipelines/five/runs`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify({ settings: { seed: 1e7 + this.#seed++ } }),
    })
    if (!answer.ok) throw new Error(`could not start a run: ${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { run: string }).run
  }

  async #follow(run: string): Promise<void> {
    const { url, token } = this.#control
    const answer = await fetch(`${url}/v1/pipelines/five/runs/${run}/events`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if (!answer.ok) throw new Error(`${run} cannot be followed: ${answer.status} ${await answer.text()}`)
    let events = ''
    for await (const part of answer.body!) events += Buffer.from(part).toString()
    if (!events.includes('cairn.run-ended')) throw new Error(`the events of ${run} have no end: ${events}`)
  }
}

/** Sends its next request when it has an answer, whatever the answer is. */
class Reader {
  readonly #control: ControlProcess
  answered = 0
  refused = 0

  constructor(control: ControlProcess) {
    this.#control = control
  }

  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    let isDone = false
    const read = async () => {
      while (!isDone) {
        const { url, reader } = this.#control
        const answer = await fetch(`${url}/v1/pipelines/five/runs`, { headers: { authorization: `Bearer ${reader}` } })
        await answer.arrayBuffer()
        if (answer.ok) this.answered++
        else if (answer.status === 429) this.refused++
        else throw new Error(`runs were not listed: ${answer.status}`)
      }
    }
    const readers = Array.from({ length: READERS }, read)
    try {
      return await work()
    } finally {
      isDone = true
      await Promise.all(readers)
    }
  }
}

/** What processes hold, by role, over time. */
class Memory {
  readonly #roles: Readonly<Record<string, readonly Running[]>>
  readonly #samples: Readonly<Record<string, number>>[] = []
  readonly #timer: NodeJS.Timeout

  constructor(roles: Readonly<Record<string, readonly Running[]>>) {
    this.#roles = roles
    this.#look()
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#look()
  }

  figures(): Figure[] {
    return Object.keys(this.#roles).map((role) => {
      const held = this.#samples.map((sample) => sample[role]!)
      const shown = Array.from({ length: SHOWN }, (_, n) => held[Math.round(((held.length - 1) * (n + 1)) / SHOWN)]!)
      return {
        what: `memory of ${role}, over all that time; floor: before`,
        cairn: `${shown.map((bytes) => Math.round(bytes / 1e6)).join(', ')} MB; at most ${megabytes(Math.max(...held))}`,
        floor: megabytes(held[0]!),
        aim: '',
        met: true,
      }
    })
  }

  #look(): void {
    this.#samples.push(
      Object.fromEntries(
        Object.entries(this.#roles).map(([role, all]) => [role, all.reduce((sum, { memory }) => sum + memory, 0)]),
      ),
    )
  }
}

/** Number of requests that the store has answered, by kind. MinIO counts them, and reports the counts of some seconds ago. */
async function storeRequests({ connection: { s3 } }: ServicesLab): Promise<Record<string, number>> {
  await sleep(COUNTED_WITHIN_MS)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { exp: Math.floor(Date.now() / 1000) + 300, sub: s3.accessKey, iss: 'prometheus' }
  const unsigned = `${part({ alg: 'HS512', typ: 'JWT' })}.${part(claims)}`
  const signature = createHmac('sha512', s3.secretKey).update(unsigned).digest('base64url')
  const answer = await fetch(`${s3.endpoint}/minio/v2/metrics/node`, {
    headers: { authorization: `Bearer ${unsigned}.${signature}` },
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`MinIO did not report its request counts: ${answer.status} ${text}`)
  const counts: Record<string, number> = { GET: 0, PUT: 0, HEAD: 0, LIST: 0, other: 0 }
  for (const [, api = '', count] of text.matchAll(/^minio_s3_requests_total\{[^}]*api="(\w+)"[^}]*\} (\S+)$/gm))
    counts[KINDS[api] ?? 'other']! += Number(count)
  return counts
}
const KINDS: Readonly<Record<string, string>> = {
  getobject: 'GET',
  putobject: 'PUT',
  headobject: 'HEAD',
  listobjectsv2: 'LIST',
  listobjectsv1: 'LIST',
}
