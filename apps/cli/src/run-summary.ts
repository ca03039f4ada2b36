import { relative } from 'node:path'
import { isInside } from '@cairn/files'
import { inlineBytes, type EndRecord, type ErrorRecord, type Plan, type UnfitRecord } from '@cairn/records'
import type { ArtifactRef } from '@cairn/kernel'
import { artifact, countsText, duration, number, stateOf, type ItemCounts, type RunStateName } from '@cairn/workspace'
import { continueCommand } from './continue-command.ts'
import { errorText } from './error-text.ts'
import { withGivenOptions } from './given-options.ts'
import type { CaughtItem, LastLines } from './run-details.ts'
import { waitText, type Waiting } from './remote/waiting.ts'
import { paint, paintState, STATES } from './terminal/style.ts'
import { table } from './terminal/table.ts'

export interface RunResult {
  readonly plan: Plan
  readonly status: RunStateName | 'queued'
  /** The place of a queued run. */
  readonly queue?: Waiting | undefined
  /** Records of nodes outside every `each`. */
  readonly ends: ReadonlyMap<string, EndRecord>
  /** The last lines of failed nodes. */
  readonly printed: LastLines
  /** Item counts of steps inside an `each`. */
  readonly items: ReadonlyMap<string, ItemCounts>
  /** For steps inside an `each`: the first item that used its `catch`. */
  readonly caughtItems: ReadonlyMap<string, CaughtItem>
  /** For a running run: tasks that no host could run so far. */
  readonly unfit?: readonly UnfitRecord[]
  /** Milliseconds, planning included. */
  readonly ms: number
  /** Files written by `--out`. */
  readonly files: readonly string[]
  /** Location of the artifacts: the store's folder, or the context. */
  readonly store: string
  readonly on?: string | undefined
  /** The playground of the run, if any. */
  readonly playground?: string | undefined
  /** A parameter to try: `train-model.trees=200`. */
  readonly tryNext?: string | undefined
}

/** The summary for people: steps with their outputs, metrics and next commands. */
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
/** The word before the duration of a run; unknown for a run whose process died. */
const TOOK: Readonly<Partial<Record<RunResult['status'], string>>> = {
  queued: 'for',
  running: 'for',
  completed: 'in',
  failed: 'in',
  cancelled: 'in',
}

/** A path relative to the current folder, if it is inside. */
function nearby(path: string): string {
  return isInside(path, process.cwd()) ? relative(process.cwd(), path) || '.' : path
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

/** The row of a step inside an `each`, with its item counts. */
function itemsRow(id: string, depth: number, counts: ItemCounts): string[] {
  const state = WORST_FIRST.find((state) => counts[state] > 0) ?? 'skipped'
  return [paintState(state, STATES[state].sign), '  '.repeat(depth) + id, paintState(state, countsText(counts)), '', '']
}
const WORST_FIRST = ['failed', 'timed-out', 'cancelled', 'blocked', 'caught', 'computed', 'reused', 'skipped'] as const

/** One message for each failed step; later steps are only blocked. */
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

/** Why steps used their `catch`: the run completes, but its results may be degraded. */
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
      others > 0
        ? [`  and ${number(others)} more: ${withGivenOptions(`cairn show ${plan.pipeline}/${plan.run}/${id}`)}`]
        : []
    return text(`${id}/${item}`, error, more)
  })
  return [...whole, ...inEach]
}

/** Names a host that cannot run a task, and why. */
export function unfitText({ task, host, error }: UnfitRecord): string {
  const next = error.next ? `\n  ${paint('dim', 'next')}  ${error.next}` : ''
  return `${paint('yellow', `! ${task}`)}  waits for a host other than ${host}: ${error.message}${next}`
}

function lastOf(lines: readonly string[], path: string): string[] {
  if (lines.length === 0) return []
  return [
    `  ${paint('dim', `last output (${withGivenOptions(`cairn logs ${path}`)}):`)}`,
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
    .map((hint, at) => `${at === 0 ? paint('dim', 'next') : '    '}  ${withGivenOptions(hint)}`)
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
  // A run cancelled on services was ended on purpose; a local one was interrupted by Ctrl-C.
  const isToContinue = playground === undefined && !(status === 'cancelled' && isElsewhere)
  return [
    `cairn show ${name}${failed ? `/${failed[0]}` : ''}${there}`,
    ...(isToContinue ? [`${continueCommand(plan, ends)}${there}   to continue: finished steps are reused`] : []),
  ]
}

/** The summary for programs. */
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
