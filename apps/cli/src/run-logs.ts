import { setTimeout as sleep } from 'node:timers/promises'
import { errorLine, itemIndex, parseTask, readLogs, type LogLine } from '@cairn/records'
import { escaped, readEnds, readRun, type Workspace } from '@cairn/workspace'
import { withGivenOptions } from './given-options.ts'
import { findArtifactPath, type ArtifactPath } from './artifact-path.ts'
import { RecordedNames } from './recorded-names.ts'
import { reusedFrom } from './reused-from.ts'
import { printData, printNotes, safeLine } from './terminal/print.ts'

export interface RunLogsOptions {
  readonly follow?: boolean | undefined
  /** Number of last lines to print. */
  readonly lines?: number | undefined
  readonly json: boolean
}

const POLL_MS = 500

/** Prints the logged lines of a run, a step or an item. */
export async function printRunLogs(workspace: Workspace, path: string, options: RunLogsOptions): Promise<void> {
  const place = await findArtifactPath(workspace, path)
  const { pipeline, run, node, item } = place
  const at = workspace.at(pipeline)
  const names = new RecordedNames(workspace, run.plan)
  const isWanted = (line: LogLine) => item === undefined || [item.index, undefined].includes(itemIndex(run.plan, line))
  let hasSeveral = false
  const printLine = async (line: LogLine) => {
    const index = itemIndex(run.plan, line)
    const name = index === undefined ? undefined : await names.at(line.task, index)
    printData(options.json ? JSON.stringify(asJson(line, name)) : safeLine(asText(line, name, place, hasSeveral), true))
  }
  let printed = 0
  for (;;) {
    const { end, plan } = await readRun(workspace.store, at, run.plan.run)
    const lines: LogLine[] = []
    for await (const line of readLogs(workspace.store, at, plan, (task) =>
      item === undefined ? node === undefined || parseTask(task).node === node : task === item.task,
    ))
      if (isWanted(line)) lines.push(line)
    if (!options.follow) lines.sort(byItem)
    const shown = printed === 0 && options.lines !== undefined ? lines.slice(-options.lines) : lines.slice(printed)
    hasSeveral ||= lines.some(({ attempt }) => attempt > 1)
    for (const line of shown) await printLine(line)
    printed = lines.length
    if (options.follow && !end) {
      await sleep(POLL_MS)
      continue
    }
    const failures = await failuresOf(workspace, place, names)
    if (printed === 0 && failures.length === 0) printNotes(await whyNothing(workspace, place))
    for (const failure of failures) printNotes(failure)
    return
  }
}

const inOrder = new Intl.Collator('en', { numeric: true })

/** Sorts the lines of an attempt by item, as its two streams are read independently. */
function byItem(a: LogLine, b: LogLine): number {
  if (a.task !== b.task || a.attempt !== b.attempt) return 0
  return inOrder.compare(a.item ?? '', b.item ?? '')
}

function asJson({ task, at, item: _, ...line }: LogLine, item: string | undefined): object {
  const { node } = parseTask(task)
  return { step: node, ...(item !== undefined && { item }), ...line, time: new Date(at).toISOString() }
}

/** Prints the requested lines without terminal control characters. With several steps, items or attempts, each line names its own. */
function asText(
  { task, attempt, line }: LogLine,
  item: string | undefined,
  place: ArtifactPath,
  hasSeveral: boolean,
): string {
  const isAlone = place.node !== undefined && (item === undefined || place.item !== undefined)
  const name = `${parseTask(task).node}${item === undefined ? '' : `/${item}`}${attempt > 1 ? ` attempt ${attempt}` : ''}`
  if (isAlone) return hasSeveral ? `attempt ${attempt} | ${line}` : line
  return `${name} | ${line}`
}

/** Errors of the selected tasks, failed or caught, as they may have printed nothing. */
async function failuresOf(
  workspace: Workspace,
  { pipeline, run: { plan }, node, item }: ArtifactPath,
  names: RecordedNames,
): Promise<string[]> {
  const found: string[] = []
  for (const [task, end] of await readEnds(workspace.store, workspace.at(pipeline), plan.run)) {
    const { node: id } = parseTask(task)
    if (plan.nodes[id]?.type !== 'step' || (node !== undefined && node !== id)) continue
    for (const [index, outcome] of end.items.entries()) {
      const error = outcome.status === 'completed' ? outcome.caught : 'error' in outcome ? outcome.error : undefined
      if (!error || outcome.status === 'cancelled') continue
      if (item !== undefined && (item.task !== task || item.index !== index)) continue
      const own = await names.at(task, index)
      const what = outcome.status === 'completed' ? 'caught' : 'failed'
      found.push(`${own === undefined ? id : `${id}/${own}`} ${what}: ${escaped(errorLine(error))}`)
    }
  }
  return found
}

/** Maximum number of runs to name as sources of reused results. */
const MAX_NAMED = 5

async function whyNothing(workspace: Workspace, place: ArtifactPath): Promise<string> {
  const { pipeline, run, node } = place
  const what =
    node === undefined ? `the steps of ${pipeline}/${run.plan.run}` : `${node} of ${pipeline}/${run.plan.run}`
  const from = await reusedFrom(workspace, place)
  if (from.length === 0) return `${what} printed nothing`
  const named = from.slice(-MAX_NAMED).map((path) => withGivenOptions(`cairn logs ${path}`))
  const more = from.length > named.length ? `; these are the last ${named.length}` : ''
  const isAll = node === undefined ? 'printed nothing; their results were reused from' : 'was reused from'
  return `${what} ${isAll} ${from.length > 1 ? `${from.length} runs` : 'another run'}${more}\nnext  ${named.join('\n      ')}`
}
