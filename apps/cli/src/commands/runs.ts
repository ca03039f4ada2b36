import { CairnError, jsonText } from '@cairn/kernel'
import { pipelineNames, readRecord, type EndRecord, type Plan, type RunEnd, type UnfitRecord } from '@cairn/records'
import { currentChampion } from '@cairn/promotion'
import { unfitTasks } from '@cairn/engine'
import {
  itemCounts,
  readContext,
  stateOf,
  statusOf,
  duration,
  number,
  when,
  type ItemState,
  type RunStateName,
  type Workspace,
} from '@cairn/workspace'
import { withGivenOptions } from '../given-options.ts'
import { openWorkspace, timeZone } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { blockingLetters, blockingLetterText, type BlockingLetter } from '../remote/dead-letters.ts'
import { waitOf, waitText, type Waiting } from '../remote/waiting.ts'
import { badRecord, filterOf, isNarrow, runsHere, type FilterOptions } from '../run-filter.ts'
import { metricsOf, STATUS_FORMATS, unfitText } from '../run-summary.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { printData, printLines, printNotes } from '../terminal/print.ts'

interface RunLine {
  readonly pipeline: string
  readonly run: string
  readonly status: RunStateName | 'queued' | 'unreadable'
  /** For a queued run: its place, and the limit that it waits for. */
  readonly queue?: Waiting | undefined
  /** What is wrong with its records, if they cannot be read. */
  readonly fault?: string
  /** Whether it is the production run. */
  readonly production: boolean
  readonly plannedAt: number
  /** When its first task started, for a run that was queued. Missing while none has. */
  readonly startedAt: number | undefined
  /** How long it took, without its time in the queue. */
  readonly ms: number | undefined
  /** Numbers of tasks: steps, and items of steps inside an `each`. */
  readonly computed: number
  readonly reused: number
  readonly caught: number
  readonly failed: number
  readonly metrics: Readonly<Record<string, number>>
  /** Tasks that no host could run so far. */
  readonly unfit: readonly UnfitRecord[]
  /** For a running run on services: its events that a stage gave up. */
  readonly deadLetters: readonly BlockingLetter[]
}

/** `cairn runs`: lists the newest matching runs, with computed steps and metrics. */
export default async function runs(
  name: string | undefined,
  { number: most, ...options }: { number: number } & FilterOptions,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const { store, project } = workspace
  const filter = filterOf(options, Date.now())
  const context = globals.on === undefined ? undefined : readContext(project.root, globals.on)
  const namesOf = async (pipeline: string) => {
    if (!context || globals.playground !== undefined) return runsHere(workspace, pipeline, filter, most)
    const { runsOn } = await import('../remote/list-runs.ts')
    return runsOn(context.control, pipeline, filter, most)
  }
  const pipelines = name === undefined ? await pipelineNames(store, project.env) : [name]
  const found: RunLine[] = []
  for (const pipeline of pipelines) {
    const inProduction = await currentChampion(store, workspace.at(pipeline)).catch(badRecord)
    if (inProduction instanceof CairnError) printNotes(`${inProduction.message}; to check the store: cairn doctor`)
    const champion = inProduction instanceof CairnError ? undefined : inProduction.champion
    for (const run of await namesOf(pipeline)) {
      const about = { production: champion?.run === run, globals }
      const lines = await runLine(workspace, pipeline, run, about).catch(badRecord)
      found.push(...(lines instanceof CairnError ? [unreadable(pipeline, run, lines.message)] : lines))
    }
  }
  const faulty = found.filter(({ fault }) => fault !== undefined)
  const readable = found.filter(({ fault }) => fault === undefined).sort((a, b) => b.plannedAt - a.plannedAt)
  const newest = [...readable.slice(0, most), ...faulty]
  if (json) return printData(jsonText(newest.map(withKnownTime), 2))
  if (newest.length === 0) {
    const next = withGivenOptions(`cairn ${isNarrow(filter) ? 'runs' : 'run'} ${name ?? ''}`.trimEnd())
    const of = name === undefined ? '' : ` of ${name}`
    return printLines(
      `${isNarrow(filter) ? `no run${of} matches` : `no runs${of} yet`}\n${paint('dim', 'next')}  ${next}`,
    )
  }
  const zone = timeZone()
  // Columns for caught and failed tasks are only shown if there are any.
  const counted = (['computed', 'reused', 'caught', 'failed'] as const).filter(
    (state, at) => at < 2 || newest.some((line) => line[state] > 0),
  )
  const columns = ['run', 'status', 'started', 'took', ...counted, 'metrics']
  const rows = newest.map(({ pipeline, run, status, production, startedAt, ms, metrics, ...tasks }) => [
    `${pipeline}/${run}`,
    paint(STATUS_FORMATS[status], status) + (production ? ', in production' : ''),
    startedAt === undefined ? '' : when(startedAt, zone),
    ms === undefined ? '' : duration(ms),
    ...counted.map((state) => number(tasks[state])),
    metricsText(metrics),
  ])
  printLines(
    table(
      columns.map((title, at) => ({ title, align: at >= 3 && at < columns.length - 1 ? 'right' : 'left' })),
      rows,
      (title) => paint('dim', title),
    ),
  )
  for (const { pipeline, run, fault } of faulty) printLines(`\n${pipeline}/${run}  ${fault}`)
  if (faulty.length > 0) printLines(`${paint('dim', 'next')}  ${withGivenOptions('cairn doctor')}`)
  for (const { pipeline, run, queue } of newest) if (queue) printLines(`\n${pipeline}/${run}  ${waitText(queue)}`)
  for (const { pipeline, run, unfit } of newest)
    for (const record of unfit) printLines(`\n${pipeline}/${run}  ${unfitText(record)}`)
  for (const { pipeline, run, deadLetters } of newest)
    for (const letter of deadLetters) printLines(`\n${pipeline}/${run}  ${blockingLetterText(letter)}`)
}

/** `null` if a clock was set back between start and end. */
function withKnownTime(line: RunLine): object {
  return { ...line, ms: line.ms === undefined || line.ms >= 0 ? line.ms : null }
}

/** Maximum number to show; `--json` has all. */
const METRICS = 4

function metricsText(metrics: RunLine['metrics']): string {
  const all = Object.entries(metrics).map(([metric, value]) => `${metric} ${number(value)}`)
  return all.length > METRICS ? [...all.slice(0, METRICS), '…'].join('  ') : all.join('  ')
}

/** The row of a run with damaged records. */
function unreadable(pipeline: string, run: string, fault: string): RunLine {
  const none = { computed: 0, reused: 0, caught: 0, failed: 0, metrics: {}, unfit: [], deadLetters: [] }
  return {
    pipeline,
    run,
    status: 'unreadable',
    fault,
    production: false,
    plannedAt: 0,
    startedAt: undefined,
    ms: undefined,
    ...none,
  }
}

async function runLine(
  workspace: Workspace,
  pipeline: string,
  run: string,
  { production, globals }: { readonly production: boolean; readonly globals: GlobalOptions },
): Promise<RunLine[]> {
  const { store } = workspace
  const at = workspace.at(pipeline)
  const plan = await readRecord<Plan>(store, at.plan(run))
  if (!plan) return []
  const end = await readRecord<RunEnd>(store, at.runEnd(run))
  const queue = await waitOf(workspace, globals, { plan, end })
  const ends = new Map<string, EndRecord>()
  for (const [id, { scope, type }] of Object.entries(plan.nodes)) {
    const record =
      scope.length > 0 || type === 'given' ? undefined : await readRecord<EndRecord>(store, at.end(run, id))
    if (record) ends.set(id, record)
  }
  const outcomes = [...ends].flatMap(([id, { items }]) => (plan.nodes[id]!.type === 'step' ? items : []))
  const startedAt = plan.queued ? firstStart(ends) : plan.createdAt
  const items = await itemCounts(store, at, plan)
  const tasks = (wanted: ItemState) =>
    outcomes.filter((outcome) => stateOf(outcome) === wanted).length +
    [...items.values()].reduce((sum, counts) => sum + counts[wanted], 0)
  return [
    {
      pipeline,
      run,
      status: queue ? 'queued' : await statusOf(store, at, { plan, end }, globals.on),
      queue,
      production,
      plannedAt: plan.createdAt,
      startedAt,
      ms: end && startedAt && end.endedAt - startedAt, // may be the difference of two clocks, if two processes worked on it
      computed: tasks('computed'),
      reused: tasks('reused'),
      caught: tasks('caught'),
      failed: tasks('failed') + tasks('timed-out'),
      metrics: Object.fromEntries(metricsOf(plan, ends)),
      unfit: end ? [] : await unfitTasks(store, at, run),
      deadLetters: end ? [] : await blockingLetters(globals, plan),
    },
  ]
}

function firstStart(ends: ReadonlyMap<string, EndRecord>): number | undefined {
  return ends.size === 0 ? undefined : Math.min(...[...ends.values()].map(({ startedAt }) => startedAt))
}
