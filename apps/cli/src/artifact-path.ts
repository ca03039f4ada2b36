import { CairnError, suggest, type AnyKind, type ArtifactRef, type Pipeline } from '@cairn/kernel'
import { type EndRecord, type Plan, readRecord } from '@cairn/records'
import { itemsIn } from '@cairn/engine'
import { knownPipelines, unknownPipeline } from './known-pipeline.ts'
import { listItem } from './list-items.ts'
import {
  findItem,
  findRun,
  itemText,
  outputIn,
  loadPipeline,
  outputsOf,
  readRun,
  type ItemPath,
  type RunSummary,
  type Workspace,
} from '@cairn/workspace'

/** The place that `<pipeline>[/<run>[/<node>[/<item>][/<output>]]]` names. */
export interface ArtifactPath extends ItemPath {
  readonly pipeline: string
  readonly run: RunSummary
  readonly node?: string
}

export async function findArtifactPath(workspace: Workspace, path: string): Promise<ArtifactPath> {
  const [pipeline = '', wanted = 'latest', ...rest] = path.split('/')
  checkPath(path)
  const { store } = workspace
  const at = workspace.at(pipeline)
  const pipelines = await knownPipelines(workspace)
  if (!pipelines.includes(pipeline))
    throw (await withoutPipeline(workspace, path, pipelines)) ?? (await unknownPipeline(workspace, pipeline, pipelines))
  const run = await readRun(store, at, await findRun(store, at, wanted, workspace.playground))
  const [node, ...inner] = rest
  if (node === undefined) return { pipeline, run }
  if (!(node in run.plan.nodes))
    throw new CairnError('NOT_FOUND', `run ${run.plan.run} has no step "${node}"`, {
      next: suggest(node, Object.keys(run.plan.nodes)),
    })
  return { pipeline, run, node, ...(await insideOf(workspace, run.plan, node, inner)) }
}

/** Names are never empty; labels of items, behind the step, may be anything. */
export function checkPath(path: string): void {
  if (!path.split('/').slice(0, 3).includes('')) return
  throw new CairnError('BAD_PARAMETER', `"${path}" has an empty name between its slashes`, {
    next: 'write <pipeline>/<run>, then /<step> and /<item> if needed',
  })
}

/** The error for a path that begins with a run: `latest`, or the name of a run. */
async function withoutPipeline(
  workspace: Workspace,
  path: string,
  pipelines: readonly string[],
): Promise<CairnError | undefined> {
  const [wanted = ''] = path.split('/')
  const isName = /^\w[\w-]*$/.test(wanted)
  const owners: string[] = []
  for (const pipeline of pipelines) {
    const at = workspace.at(pipeline)
    if (wanted === 'latest' || (isName && (await workspace.store.read(at.plan(wanted))) !== undefined))
      owners.push(pipeline)
  }
  if (owners.length === 0) return undefined
  return new CairnError('NOT_FOUND', `"${wanted}" names a run without its pipeline`, {
    next: `write ${owners.map((owner) => `${owner}/${path}`).join(' or ')}`,
  })
}

/** The part of a path after the node: an item, if the node is inside an `each`, and an output. */
export async function insideOf(
  workspace: Workspace,
  plan: Plan,
  node: string,
  words: readonly string[],
): Promise<ItemPath> {
  if (words.length === 0) return {}
  const outputs = outputNames(plan, node)
  const place = `${plan.pipeline}/${plan.run}/${node}`
  if (isPerItem(plan, node))
    return findItem(await itemsIn(workspace.store, workspace.at(plan.pipeline), plan, node), outputs, words, place)
  const [output = '', ...others] = words
  const found = outputIn(outputs, words.join('/'))
  if (!found && others.length > 0)
    throw new CairnError('NOT_FOUND', `${node} is not inside an each, so it has no item "${output}"`, {
      next: `cairn show ${place}`,
    })
  return found ?? { output }
}

/** Whether a node has an outcome for each item of an `each`. */
function isPerItem(plan: Plan, node: string): boolean {
  const { type, scope } = plan.nodes[node]!
  return type !== 'given' && scope.length > 0
}

function outputNames({ nodes, steps }: Plan, node: string): string[] {
  const planned = nodes[node]!
  if (planned.type === 'step') return Object.keys(steps[planned.step]!.outputs)
  if (planned.type === 'each') return Object.keys(planned.collects)
  return Object.keys(planned.type === 'when' ? planned.then : planned.outputs)
}

/** An artifact that a path names. */
export interface FoundArtifact extends ArtifactPath {
  readonly ref: ArtifactRef
  readonly output: string
  readonly node: string
  /** The whole path. */
  readonly path: string
  /** For an item of a list: the number of nested lists around it. */
  readonly depth: number
}

/** The artifact that a path names. The output may be left out if there is only one. */
export async function findArtifact(workspace: Workspace, path: string): Promise<FoundArtifact> {
  const { node, ...place } = await findArtifactPath(workspace, path)
  const { pipeline, run } = place
  if (node !== undefined) return artifactAt(workspace, { ...place, node })
  throw new CairnError('NOT_FOUND', `${path} names a run, not an artifact`, {
    next: `cairn show ${pipeline}/${run.plan.run} lists its artifacts`,
  })
}

/** An output of a node, of one item if it is inside an `each`. The output may be left out if there is only one. */
export async function artifactAt(
  workspace: Workspace,
  place: ArtifactPath & { readonly node: string },
): Promise<FoundArtifact> {
  const { pipeline, run, node } = place
  const { plan } = run
  const where = `${pipeline}/${plan.run}/${node}`
  const inItem = place.itemName === undefined ? '' : `/${place.itemName}`
  if (place.item === undefined && isPerItem(plan, node))
    throw new CairnError(
      'NOT_FOUND',
      `${node} runs once for each item of ${plan.nodes[node]!.scope.at(-1)}, and the path names no item`,
      {
        next: `for example cairn cat ${where}/#0; cairn show ${where} lists the items`,
      },
    )
  const end = await readRecord<EndRecord>(
    workspace.store,
    workspace.at(pipeline).end(plan.run, place.item?.task ?? node),
  )
  const outcome = end?.items[place.item?.index ?? 0]
  const outputs =
    place.item === undefined
      ? await outputsOf(workspace.store, workspace.at(pipeline), plan, node)
      : outcome?.status === 'completed'
        ? outcome.outputs
        : undefined
  if (!outputs) {
    const what = place.item === undefined ? node : `item ${itemText(place.item)} of ${node}`
    const state = place.item === undefined ? (end?.status ?? run.end?.status) : outcome?.status
    throw new CairnError('NOT_FOUND', `${what} ${endedText(state)} in run ${plan.run}, so it has no outputs`, {
      next: `cairn show ${where}${inItem}`,
    })
  }
  const names = Object.keys(outputs)
  const output = place.output ?? (names.length === 1 ? names[0]! : '')
  const ref = outputs[output]
  if (ref) {
    const found = { ...place, node, output, ref, path: `${where}${inItem}/${output}`, depth: 0 }
    if (!place.inside) return found
    return { ...found, ...(await listItem(workspace, { ...found, plan }, place.inside, found.path)) }
  }
  if (names.length === 0)
    throw new CairnError('NOT_FOUND', `${node} declares no outputs`, { next: `cairn show ${where}` })
  const what =
    output === '' ? `${node} has several outputs, and the path names none` : `${node} has no output "${output}"`
  throw new CairnError('NOT_FOUND', what, {
    next: `${suggest(output, names)} (cairn cat ${where}${inItem}/${names[0]})`,
  })
}

function endedText(status: string | undefined): string {
  if (status === 'timed-out') return 'took longer than its timeout'
  if (status === 'blocked' || status === 'skipped' || status === 'cancelled') return `was ${status}`
  return status === 'failed' ? 'failed' : 'has not finished'
}

/** The kind of an output in the current code; undefined if the output no longer exists. */
export async function kindOf(
  { project }: Workspace,
  { pipeline, node }: { pipeline: string; node: string },
  output: string,
  depth = 0,
): Promise<AnyKind | undefined> {
  const loaded = await loadPipeline(project, pipeline).catch((): { pipeline?: Pipeline } => ({}))
  return itemKind(loaded.pipeline?.graph.nodes.get(node)?.outputs[output], depth)
}

/** The kind of an item of a list, or of a list of lists. */
export function itemKind(kind: AnyKind | undefined, depth: number): AnyKind | undefined {
  return depth === 0 ? kind : itemKind(kind?.item, depth - 1)
}
