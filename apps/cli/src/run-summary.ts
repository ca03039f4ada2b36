import { relative } from 'node:path'
import { inlineBytes, type EndRecord, type ErrorRecord, type Plan, type UnfitRecord } from '@cairn/records'
import type { ArtifactRef } from '@cairn/kernel'
import { artifact, countsText, duration, number, stateOf, type ItemCounts, type RunStanding } from '@cairn/workspace'
import { continuing } from './continued.ts'
import { errorText } from './error-text.ts'
import { withGiven } from './given-options.ts'
import type { CaughtItem, LastLines } from './run-details.ts'
import { waitText, type Waiting } from './remote/waiting.ts'
import { paint, paintState, STATES } from './terminal/style.ts'
import { table } from './terminal/table.ts'

export interface RunResult {
  readonly plan: Plan
  readonly status: RunStanding | 'queued'
  /** Of a run that waits for its turn. */
  readonly queue?: Waiting | undefined
  /** Of nodes outside every `each`. */
  readonly ends: ReadonlyMap<string, EndRecord>
  /** Of nodes that failed: what they printed last. */
  readonly printed: LastLines
  /** Of steps inside an `each`. */
  readonly items: ReadonlyMap<string, ItemCounts>
  /** Of steps inside an `each`: the first item that went on with its `catch`. */
  readonly caughtItems: ReadonlyMap<string, CaughtItem>
  /** Of a run that goes on: tasks that no host could run so far. */
  readonly unfit?: readonly UnfitRecord[]
  /** Milliseconds, planning included. */
  readonly ms: number
  /** What was written by `--out`. */
  readonly files: readonly string[]
  /** Where the artifacts are: the store's folder, or the context whose services have them. */
  readonly store: string
  readonly on?: string | undefined
  /** Where it was run, if not in production. */
  readonly playground?: string | undefined
  /** A parameter to try: `train-model.trees=200`. */
  readonly tryNext?: string | undefined
}

/** For people: each step and what it gave, the metrics, where to look further. */
export function summaryText(result: RunResult): string {
  const { plan, status, ends, items, ms, files, store, on } = result
  const { pipeline, run } = plan
  const rows = Object.entries(plan.nodes).flatMap(([id, { type }]) => {
    const end = type === 'when' ? undefined : ends.get(id)
    const counts = items.get(id)
    return end ? [summaryRow(id, end)] : counts ? [itemsRow(id, plan.nodes[id]!.scope.length, counts)] : []
  })
  const parts = [
    table(
      ['', 'step', '', 'time', 'outputs'].map((title) => ({ title })),
      rows,
      (title) => paint('dim', title),
    ),
  ]
  parts.push(...failures(result), ...catches(result), ...(result.unfit ?? []).map(unfitText))
  if (result.queue) parts.push(waitText(result.queue))
  const metrics = status === 'completed' ? metricsOf(plan, ends) : []
  if (metrics.length > 0)
    parts.push(
      table(
        [{ title: '' }, { title: '', align: 'right' }],
        metrics.map(([name, value]) => [name, paint('bold', number(value))]),
      ),
    )
  const head = `${paint(STATUS_FORMATS[status], status)}  ${pipeline}/${run}${TOOK[status] ? `  ${TOOK[status]} ${duration(ms)}` : ''}`
  const hints = [`artifacts  ${on === undefined ? nearby(store) : store}`, ...files.map((file) => `wrote      ${file}`)]
  return [...parts, [head, ...hints].join('\n'), nextSteps(result)].join('\n\n')
}

export const STATUS_FORMATS = {
  planned: 'dim',
  queued: 'cyan',
  running: 'cyan',
  interrupted: 'yellow',
  completed: 'green',
  failed: 'red',
  cancelled: 'yellow',
  unreadable: 'red',
} as const
/** What the time of a run means; of one whose process died it is not known. */
const TOOK: Readonly<Partial<Record<RunResult['status'], string>>> = {
  queued: 'for',
  running: 'for',
  completed: 'in',
  failed: 'in',
  cancelled: 'in',
}

/** A path as one would type it here. */
function nearby(path: string): string {
  const from = relative(process.cwd(), path)
  return from.startsWith('..') ? path : from || '.'
}

function summaryRow(id: string, end: EndRecord): string[] {
  const [outcome] = end.items
  const state = stateOf(outcome!)
  const ms = outcome?.status === 'completed' && outcome.how !== 'joined' ? outcome.ms : end.endedAt - end.startedAt
  const gives =
    outcome?.status === 'completed'
      ? Object.entries(outcome.outputs)
          .map(([name, ref]) => `${name}: ${artifact(ref)}`)
          .join('  ')
      : ''
  const tries = end.attempts > 1 ? ` (${end.attempts} attempts)` : ''
  const time =
    state === 'reused'
      ? paint('dim', `was ${duration(ms ?? 0)}`)
      : ms === undefined || end.attempts === 0
        ? ''
        : duration(ms)
  return [paintState(state, STATES[state].sign), id, paintState(state, state + tries), time, gives]
}

/** A step inside an `each`, by what became of its items. */
function itemsRow(id: string, depth: number, counts: ItemCounts): string[] {
  const state = WORST_FIRST.find((state) => counts[state] > 0) ?? 'skipped'
  return [paintState(state, STATES[state].sign), '  '.repeat(depth) + id, paintState(state, countsText(counts)), '', '']
}
const WORST_FIRST = ['failed', 'timed-out', 'cancelled', 'blocked', 'caught', 'computed', 'reused', 'skipped'] as const

/** One message for each step that failed; the steps behind it are only blocked. */
export function failures({ plan, ends, printed, on }: Pick<RunResult, 'plan' | 'ends' | 'printed' | 'on'>): string[] {
  return [...ends].flatMap(([id, { items, failures = [] }]) => {
    const [outcome] = items
    if (!outcome || !('error' in outcome) || outcome.status === 'cancelled') return []
    const [message, ...more] = errorText(outcome.error, { frames: 4 })
    const tried = failures.length > 0 ? [`after ${failures.length + 1} attempts`] : []
    return [
      [
        `${paint('red', `✘ ${id}`)}  ${message}`,
        ...tried.map((text) => `  ${text}`),
        ...more,
        ...lastOf(printed.get(id) ?? [], `${plan.pipeline}/${plan.run}${on === undefined ? '' : ` --on ${on}`}`),
      ].join('\n'),
    ]
  })
}

/** Why steps went on with their `catch`: the run is none the worse for it, but what it gives is. */
function catches({ plan, ends, items, caughtItems }: RunResult): string[] {
  const text = (name: string, error: ErrorRecord, more: string[] = []) => {
    const [message, ...behind] = errorText(error, { frames: 1 })
    return [`${paint('yellow', `⚑ ${name}`)}  caught: ${message}`, ...behind, ...more].join('\n')
  }
  const whole = [...ends].flatMap(
    ([
      id,
      {
        items: [outcome],
      },
    ]) => (outcome?.status === 'completed' && outcome.caught ? [text(id, outcome.caught)] : []),
  )
  const inEach = [...caughtItems].map(([id, { item, error }]) => {
    const others = (items.get(id)?.caught ?? 1) - 1
    const more =
      others > 0 ? [`  and ${number(others)} more: ${withGiven(`cairn show ${plan.pipeline}/${plan.run}/${id}`)}`] : []
    return text(`${id}/${item}`, error, more)
  })
  return [...whole, ...inEach]
}

/** Which host has left a task to others, and why. */
export function unfitText({ task, host, error }: UnfitRecord): string {
  const next = error.next ? `\n  ${paint('dim', 'next')}  ${error.next}` : ''
  return `${paint('yellow', `! ${task}`)}  waits for a host other than ${host}: ${error.message}${next}`
}

function lastOf(lines: readonly string[], path: string): string[] {
  if (lines.length === 0) return []
  return [
    `  ${paint('dim', `last output (${withGiven(`cairn logs ${path}`)}):`)}`,
    ...lines.map((line) => `    ${line}`),
  ]
}

/** Numbers of the pipeline's own outputs that are of kind `metrics`. */
export function metricsOf({ outputs, nodes, steps }: Plan, ends: RunResult['ends']): [string, number][] {
  return Object.values(outputs).flatMap((ref): [string, number][] => {
    if (!('node' in ref)) return []
    const node = nodes[ref.node]
    const kind = node?.type === 'step' ? steps[node.step]!.outputs[ref.output]?.kind : undefined
    const outcome = ends.get(ref.node)?.items[0]
    if (kind !== 'metrics' || outcome?.status !== 'completed') return []
    return numbersOf(outcome.outputs[ref.output]!)
  })
}

function numbersOf(ref: ArtifactRef): [string, number][] {
  const held = inlineBytes(ref)
  const values = held ? (JSON.parse(held.toString()) as Record<string, unknown>) : (ref.summary ?? {})
  return Object.entries(values).flatMap(([name, value]): [string, number][] =>
    typeof value === 'number' ? [[name, value]] : [],
  )
}

function nextSteps(result: RunResult): string {
  return hintsOf(result)
    .map((hint, at) => `${at === 0 ? paint('dim', 'next') : '    '}  ${withGiven(hint)}`)
    .join('\n')
}

function hintsOf({ plan, status, ends, tryNext, on, playground }: RunResult): string[] {
  const { pipeline, run, outputs } = plan
  const name = `${pipeline}/${run}`
  const there = `${on === undefined ? '' : ` --on ${on}`}${playground === undefined ? '' : ` --playground ${playground}`}`
  if (status === 'completed') {
    const [first] = Object.values(outputs)
    const hints = first && 'node' in first ? [`cairn cat ${name}/${first.node}/${first.output}${there}`] : []
    if (tryNext !== undefined) hints.push(`cairn plan ${pipeline} --set ${tryNext}`)
    if (playground === undefined) hints.push(`cairn graph ${pipeline}`)
    return hints
  }
  const isElsewhere = on !== undefined && playground === undefined
  if (status === 'planned' && !isElsewhere) return [`cairn run ${pipeline} --plan ${run}${there}`]
  if (status === 'planned' || status === 'queued' || status === 'running')
    return isElsewhere
      ? [`cairn follow ${name}${there}`, `cairn cancel ${name}${there}`]
      : [`cairn logs ${name} --follow${there}`]
  const failed = [...ends].find(([, end]) => end.status === 'failed' || end.status === 'timed-out')
  // What someone has cancelled on services was not to go on; here it was Ctrl-C.
  const isToContinue = playground === undefined && !(status === 'cancelled' && isElsewhere)
  return [
    `cairn show ${name}${failed ? `/${failed[0]}` : ''}${there}`,
    ...(isToContinue ? [`${continuing(plan, ends)}${there}   to continue: finished steps are reused`] : []),
  ]
}

/** For programs. */
export function summaryJson({ plan, status, ends, items, caughtItems, ms, files, store }: RunResult): object {
  const outermost = Object.fromEntries(
    [...ends].map(([id, { items, status: ended, attempts, failures, startedAt, endedAt }]) => {
      const [outcome] = items
      return [
        id,
        {
          status: ended,
          ...(outcome?.status === 'completed' && { how: outcome.how, key: outcome.key, outputs: outcome.outputs }),
          ...(outcome && 'error' in outcome && { error: outcome.error }),
          ...(outcome?.status === 'completed' && outcome.caught && { caught: outcome.caught }),
          ...(failures && { failures }),
          ...(outcome && 'because' in outcome && { because: outcome.because }),
          attempts,
          startedAt,
          endedAt,
        },
      ]
    }),
  )
  const inEach = Object.fromEntries(
    [...items].map(([id, counts]) => [
      id,
      { items: counts, ...(caughtItems.has(id) && { caught: caughtItems.get(id) }) },
    ]),
  )
  return {
    pipeline: plan.pipeline,
    run: plan.run,
    status,
    ms: ms >= 0 ? Math.round(ms) : null, // a clock was set back meanwhile
    params: plan.params,
    steps: { ...outermost, ...inEach },
    files,
    store,
  }
}
