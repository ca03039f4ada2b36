import {
  readRecord,
  type Checkpoint,
  type EndRecord,
  type ErrorRecord,
  type PlannedStep,
  type PlannedStepNode,
} from '@cairn/records'
import { unfitTasks } from '@cairn/engine'
import { jsonText } from '@cairn/kernel'
import {
  labelPath,
  readEnds,
  statusOf,
  artifact,
  bytes,
  duration,
  escaped,
  when,
  type Workspace,
} from '@cairn/workspace'
import { itemJson, showItems } from '../show-items.ts'
import { findArtifact, findArtifactPath, type ArtifactPath } from '../artifact-path.ts'
import { objectFile } from '../object-file.ts'
import { errorText } from '../error-text.ts'
import { blockingLetters, blockingLetterText } from '../remote/dead-letters.ts'
import { missingStagesIn, missingStageText } from '../remote/missing-stages.ts'
import { waitOf } from '../remote/waiting.ts'
import { detailsOf } from '../run-details.ts'
import { openWorkspace, timeZone } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { summaryText } from '../run-summary.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn show`: prints a run, a step or an artifact from its records. */
export default async function show(
  path: string,
  _: object,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json = false, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const place = await findArtifactPath(workspace, path)
  if (place.node === undefined) return showRun(workspace, place, globals, json)
  const { type, scope } = place.run.plan.nodes[place.node]!
  const isInEach = type === 'step' && scope.length > 0
  if (isInEach && place.item === undefined) return showItems(workspace, { ...place, node: place.node }, json)
  if (place.output === undefined) return showStep(workspace, place, place.node, json)
  return showArtifact(workspace, path, json)
}

async function showRun(
  workspace: Workspace,
  { pipeline, run: { plan, end } }: ArtifactPath,
  globals: GlobalOptions,
  json: boolean,
): Promise<void> {
  const { on, playground } = globals
  const all = await readEnds(workspace.store, workspace.at(pipeline), plan.run)
  const queue = await waitOf(workspace, globals, { plan, end })
  const status = queue ? 'queued' : await statusOf(workspace.store, workspace.at(pipeline), { plan, end }, on)
  const unfit = end ? [] : await unfitTasks(workspace.store, workspace.at(pipeline), plan.run)
  const deadLetters = end ? [] : await blockingLetters(globals, plan)
  const missingStages = queue ? [] : await missingStagesIn(workspace, globals, { plan, end })
  if (json)
    return printData(
      jsonText({ status, plan, end, queue, unfit, deadLetters, missingStages, tasks: Object.fromEntries(all) }, 2),
    )
  const outermost = new Map(Object.keys(plan.nodes).flatMap((id) => (all.has(id) ? [[id, all.get(id)!] as const] : [])))
  const params = Object.entries(plan.params).map(([name, value]) => `${name}=${jsonText(value)}`)
  printLines(
    `${paint('bold', `${pipeline}/${plan.run}`)}  planned ${when(plan.createdAt, timeZone())}${plan.parent ? `  based on ${plan.parent}` : ''}`,
  )
  if (params.length > 0) printLines(`params  ${params.join(' ')}`)
  const ms = (end?.endedAt ?? workspace.clock.now()) - plan.createdAt
  printLines(
    `\n${summaryText({ plan, status, queue, unfit, ends: outermost, ...(await detailsOf(workspace, plan, outermost)), ms, files: [], store: on === undefined ? workspace.project.store : `in ${on}`, on, playground: plan.playground ?? playground })}`,
  )
  for (const letter of deadLetters) printLines(`\n${blockingLetterText(letter)}`)
  for (const step of missingStages) printLines(`\n${missingStageText(plan, step, on)}`)
}

async function showStep(
  workspace: Workspace,
  { pipeline, run: { plan }, item, itemName }: ArtifactPath,
  id: string,
  json: boolean,
): Promise<void> {
  const at = workspace.at(pipeline)
  const node = plan.nodes[id]!
  const end = await readRecord<EndRecord>(workspace.store, at.end(plan.run, item?.task ?? id))
  const outcome = end?.items[item?.index ?? 0]
  // For an item: only its own failures, if the record names the items.
  const failures = (end?.failures ?? []).filter(
    (failure) => failure.index === undefined || failure.index === (item?.index ?? 0),
  )
  const attempts =
    item && failures.every((failure) => failure.index !== undefined) ? failures.length + 1 : end?.attempts
  const key = outcome && 'key' in outcome ? outcome.key : undefined
  const checkpoint =
    node.type === 'step' && key !== undefined
      ? await readRecord<Checkpoint>(workspace.store, at.checkpoint(node.step, key))
      : undefined
  if (json)
    return printData(
      jsonText(
        {
          node,
          ...(node.type === 'step' && { step: plan.steps[node.step] }),
          ...(item && itemName !== undefined
            ? { item: itemJson(item, itemName), outcome, failures, task: item.task }
            : { end }),
          checkpoint,
        },
        2,
      ),
    )
  const lines: [string, string][] = [
    ['step', `${pipeline}/${plan.run}/${id}${itemName === undefined ? '' : `/${itemName}`}`],
  ]
  const label = item && labelPath(item)
  if (label !== undefined) lines.push(['label', escaped(label)])
  if (end)
    lines.push([
      'status',
      `${outcome?.status ?? end.status}${outcome?.status === 'completed' ? ` (${outcome.how})` : ''}${attempts! > 1 ? ` after ${attempts} attempts` : ''}`,
    ])
  if (outcome && 'because' in outcome) lines.push(['because', outcome.because])
  if (node.type === 'step') lines.push(...stepLines(plan.steps[node.step]!, node))
  if (checkpoint)
    lines.push(
      ['checkpoint', checkpoint.key],
      [
        'computed',
        `${when(checkpoint.computedAt, timeZone())} in ${duration(checkpoint.ms)}, by run ${checkpoint.producer.run}`,
      ],
    )
  for (const [name, digest] of Object.entries(checkpoint?.inputs ?? {})) lines.push([`input ${name}`, digest])
  if (outcome?.status === 'completed')
    for (const [name, ref] of Object.entries(outcome.outputs))
      lines.push([`output ${name}`, [...new Set([ref.digest, bytes(ref.size), artifact(ref)])].join('  ')])
  printLines(
    table(
      [{ title: '' }, { title: '' }],
      lines.map(([name, value]) => [paint('dim', name), value]),
    ),
  )
  const addError = (what: string, error: ErrorRecord) =>
    printLines(`\n${what}  ${errorText(error, { frames: 20 }).join('\n')}`)
  for (const failure of failures)
    addError(paint('yellow', failure.attempt === undefined ? 'earlier attempt' : `attempt ${failure.attempt}`), failure)
  if (outcome?.status === 'completed' && outcome.caught) addError(paint('yellow', 'caught'), outcome.caught)
  if (outcome && 'error' in outcome) addError(paint('red', 'error'), outcome.error)
}

function stepLines(
  { code, retry, timeoutMs, cache }: PlannedStep,
  { params, inputs, versions, production }: PlannedStepNode,
): [string, string][] {
  const lines: [string, string][] = []
  lines.push(['code', 'inline' in code ? `not pinned: ${code.inline}` : code.fingerprint])
  if (Object.keys(params).length > 0) lines.push(['params', jsonText(params)])
  for (const [name, ref] of Object.entries(inputs))
    lines.push([`reads ${name}`, 'node' in ref ? `${ref.node}/${ref.output}` : `each item of ${ref.item}`])
  for (const [name, version] of Object.entries(versions ?? {})) {
    const of = production?.[name]
    lines.push([`source ${name}`, of ? `${of.pipeline}/${of.run}/${of.output}` : version])
  }
  if (retry) lines.push(['retry', jsonText(retry)])
  if (timeoutMs) lines.push(['timeout', duration(timeoutMs)])
  if (cache) lines.push(['cache', jsonText(cache)])
  return lines
}

async function showArtifact(workspace: Workspace, path: string, json: boolean): Promise<void> {
  const { ref, pipeline, path: whole } = await findArtifact(workspace, path)
  const held = ref.text !== undefined || ref.base64 !== undefined
  const file = held ? undefined : await objectFile(workspace, { pipeline }, ref)
  if (json) return printData(jsonText({ ...ref, file }, 2))
  const lines = {
    artifact: whole,
    digest: ref.digest,
    size: bytes(ref.size),
    holds: artifact(ref),
    file: file ?? 'in the record',
  }
  printLines(
    table(
      [{ title: '' }, { title: '' }],
      Object.entries(lines).map(([name, value]) => [paint('dim', name), value]),
    ),
  )
}
