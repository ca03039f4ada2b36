import { standstillText, type GroupStatus } from '@cairn/drivers/events/kafka'
import { pipelineNames, layout, STORE_FILE, STORE_FORMAT, topicOf, type ArtifactStore } from '@cairn/records'
import { CairnError } from '@cairn/kernel'
import { runNames } from '@cairn/workspace'
import type { MissingStage, MissingStages } from './missing-stages.ts'

/** The result of one check. */
export interface Checked {
  readonly what: string
  readonly ok: boolean
  /** What was found: a figure, or the problem. */
  readonly found: string
  /** How to fix the problem. */
  readonly next?: string
}

export interface CheckupHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: {
    probe(): Promise<void>
    topics(): Promise<readonly string[]>
    groups(topics: readonly string[]): Promise<readonly GroupStatus[]>
  }
  readonly missingStages: Pick<MissingStages, 'of'>
}

/**
 * Checks what the services of an environment depend on, as the control service sees it.
 *
 * @param isIncluded whether to check the topics and groups of a pipeline
 */
export async function checkup(
  { env, store, bus, missingStages }: CheckupHost,
  isIncluded: (pipeline: string) => boolean,
): Promise<readonly Checked[]> {
  const pipelines = async () => (await pipelineNames(store, env)).filter(isIncluded)
  return Promise.all([
    check('kafka', async () => `a broker answered in ${await milliseconds(() => bus.probe())}`),
    check('store', async () => {
      const took = await milliseconds(() => store.stat(STORE_FILE))
      return `answered in ${took}`
    }),
    check('store format', async () => {
      const bytes = await store.read(STORE_FILE)
      const { format } = JSON.parse(Buffer.from(bytes ?? '{}').toString()) as { format?: number }
      if (format !== STORE_FORMAT) throw new Error(`format ${format}, but this control service writes ${STORE_FORMAT}`)
      return `format ${format}`
    }),
    check('folders', async () => {
      const all = (await store.children(`${env}/`)).filter(isIncluded)
      const known = new Set(await pipelineNames(store, env))
      const others = all.filter((name) => !known.has(name))
      if (others.length > 0) throw new Error(`not pipelines: ${others.map((name) => `${env}/${name}/`).join(', ')}`)
      return `${all.length}, one for each pipeline`
    }),
    check('topics', async () => {
      const there = new Set(await bus.topics())
      const needed: string[] = []
      for (const pipeline of await pipelines())
        if ((await runNames(store, layout(env, pipeline))).length > 0) needed.push(topicOf({ env, pipeline }))
      const missing = needed.filter((topic) => !there.has(topic))
      if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`)
      return `${needed.length} exist, one for each pipeline with runs`
    }),
    check('events', async () => {
      const there = new Set(await bus.topics())
      const topics = (await pipelines()).map((pipeline) => topicOf({ env, pipeline }))
      const groups = await bus.groups(topics.filter((topic) => there.has(topic)))
      const blocked = groups.flatMap(({ id, topic, standstills }) =>
        standstills.map((standstill) => `${id}: ${standstillText({ topic, ...standstill })}`),
      )
      if (blocked.length > 0) throw new Error(blocked.join('; '))
      return `${groups.length} groups, ${lagText(groups)}`
    }),
    check('stages', async () => {
      const missing = await missingStages.of(await pipelines())
      if (missing.length > 0) throw noStage(missing)
      return 'each step that a run waits for has one'
    }),
    check('versions', async () => `node ${process.versions.node}`),
  ])
}

function noStage(missing: readonly MissingStage[]): CairnError {
  const texts = missing.map(({ pipeline, step, runs: [first, ...others] }) => {
    const runs = others.length === 0 ? `run ${first} waits` : `run ${first} and ${others.length} more wait`
    return `no stage of ${pipeline}/${step} is running, and ${runs} for it`
  })
  const { pipeline, runs } = missing[0]!
  return new CairnError('NOT_FOUND', texts.join('; '), {
    next: `start it (on this machine with cairn up) or, if the project no longer has it, cairn cancel ${pipeline}/${runs[0]}`,
  })
}

const LAGGING_SHOWN = 5

/** The number of events that wait to be handled, by group. */
export function lagText(groups: readonly { readonly id: string; readonly lag: number }[]): string {
  const lagging = groups.filter(({ lag }) => lag > 0).sort((a, b) => b.lag - a.lag)
  const waiting = lagging.reduce((sum, { lag }) => sum + lag, 0)
  const shown = lagging.slice(0, LAGGING_SHOWN).map(({ id, lag }) => `${id} ${lag}`)
  const more = lagging.length - shown.length
  const whose = [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  return `${waiting} events not handled yet${whose && `: ${whose}`}`
}

async function check(what: string, run: () => Promise<string>): Promise<Checked> {
  try {
    return { what, ok: true, found: await run() }
  } catch (error) {
    const { message, next } = error as Error & { next?: string }
    return { what, ok: false, found: message, ...(next !== undefined && { next }) }
  }
}

async function milliseconds(work: () => Promise<unknown>): Promise<string> {
  const started = performance.now()
  await work()
  return `${Math.round(performance.now() - started)} ms`
}
