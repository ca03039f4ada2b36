import {
  CairnError,
  suggest,
  type AnyKind,
  type ArtifactRef,
  type EndRecord,
  itemsIn,
  type Plan,
  type Pipeline,
  readRecord,
} from '@cairn/kernel/runtime'
import {
  findItem,
  findRun,
  itemText,
  loadPipeline,
  outputsOf,
  readRun,
  type ItemPlace,
  type RunSummary,
  type Workspace,
} from '@cairn/embedded'

/** What `<pipeline>[/<run>[/<node>[/<item>][/<output>]]]` names. */
export interface Place extends ItemPlace {
  readonly pipeline: string
  readonly run: RunSummary
  readonly node?: string
}

export async function findPlace(workspace: Workspace, path: string): Promise<Place> {
  const [pipeline = '', wanted = 'latest', ...rest] = path.split('/')
  const { store, project } = workspace
  const at = workspace.at(pipeline)
  const pipelines = await store.children(`${project.env}/`)
  if (!pipelines.includes(pipeline))
    throw new CairnError('NOT_FOUND', `there are no runs of "${pipeline}"`, { next: suggest(pipeline, pipelines) })
  const run = await readRun(store, at, await findRun(store, at, wanted, workspace.playground))
  const [node, ...inner] = rest
  if (node === undefined) return { pipeline, run }
  if (!(node in run.plan.nodes))
    throw new CairnError('NOT_FOUND', `run ${run.plan.run} has no step "${node}"`, {
      next: suggest(node, Object.keys(run.plan.nodes)),
    })
  return { pipeline, run, node, ...(await insideOf(workspace, run.plan, node, inner)) }
}

/** What stands behind a node in a path: an item, where the node is inside an `each`, and an output. */
export async function insideOf(
  workspace: Workspace,
  plan: Plan,
  node: string,
  words: readonly string[],
): Promise<ItemPlace> {
  const planned = plan.nodes[node]!
  const [output, ...others] = words
  if (planned.type === 'step' && planned.scope.length > 0 && words.length > 0)
    return findItem(
      await itemsIn(workspace.store, workspace.at(plan.pipeline), plan, node),
      Object.keys(plan.steps[planned.step]!.outputs),
      words,
      `${plan.pipeline}/${plan.run}/${node}`,
    )
  if (others.length > 0)
    throw new CairnError('NOT_FOUND', `${node} is not inside an each: it has no item "${output}"`, {
      next: `cairn show ${plan.pipeline}/${plan.run}/${node}`,
    })
  return output === undefined ? {} : { output }
}

/** The artifact that a path names; of a step with one output that one. */
export async function findArtifact(
  workspace: Workspace,
  path: string,
): Promise<Place & { readonly ref: ArtifactRef; readonly output: string; readonly node: string }> {
  const { node, ...place } = await findPlace(workspace, path)
  const { pipeline, run } = place
  if (node !== undefined) return artifactAt(workspace, { ...place, node })
  throw new CairnError('NOT_FOUND', `${path} names a run, not an artifact`, {
    next: `cairn show ${pipeline}/${run.plan.run} lists them`,
  })
}

/** The artifact that a node gave, for one item where it is inside an `each`; of one with a single output that one. */
export async function artifactAt(
  workspace: Workspace,
  place: Place & { readonly node: string },
): Promise<Place & { readonly ref: ArtifactRef; readonly output: string; readonly node: string }> {
  const { pipeline, run, node } = place
  const { plan } = run
  const where = `${pipeline}/${plan.run}/${node}`
  const inItem = place.itemName === undefined ? '' : `/${place.itemName}`
  if (place.item === undefined && plan.nodes[node]!.type === 'step' && plan.nodes[node]!.scope.length > 0)
    throw new CairnError('NOT_FOUND', `${node} is run for each item of ${plan.nodes[node]!.scope.at(-1)}`, {
      next: `name one: cairn cat ${where}/#0; cairn show ${where} lists them`,
    })
  const end = await readRecord<EndRecord>(
    workspace.store,
    workspace.at(pipeline).end(plan.run, place.item?.task ?? node),
  )
  const outcome = end?.lanes[place.item?.lane ?? 0]
  const outputs =
    place.item === undefined
      ? await outputsOf(workspace.store, workspace.at(pipeline), plan, node)
      : outcome?.status === 'completed'
        ? outcome.outputs
        : undefined
  if (!outputs) {
    const what = place.item === undefined ? node : `item ${itemText(place.item)} of ${node}`
    throw new CairnError(
      'NOT_FOUND',
      `${what} of run ${plan.run} has no outputs: it is ${outcome?.status ?? 'not finished'}`,
      {
        next: `cairn show ${where}${inItem}`,
      },
    )
  }
  const names = Object.keys(outputs)
  const output = place.output ?? (names.length === 1 ? names[0]! : '')
  const ref = outputs[output]
  if (ref) return { ...place, node, output, ref }
  const what = output === '' ? `${node} has several outputs` : `${node} has no output "${output}"`
  throw new CairnError('NOT_FOUND', what, {
    next: `${suggest(output, names)} (cairn cat ${where}${inItem}/${names[0]})`,
  })
}

/** The kind of an output as today's code declares it; undefined when that has no such output any more. */
export async function kindOf(
  { project }: Workspace,
  { pipeline, node }: { pipeline: string; node: string },
  output: string,
): Promise<AnyKind | undefined> {
  const loaded = await loadPipeline(project, pipeline).catch((): { pipeline?: Pipeline } => ({}))
  return loaded.pipeline?.graph.nodes.get(node)?.outputs[output]
}

/** The local file of an object. */
export async function objectFile(
  workspace: Workspace,
  { pipeline }: Pick<Plan, 'pipeline'>,
  ref: ArtifactRef,
): Promise<string> {
  const at = workspace.at(pipeline)
  const file =
    (await workspace.store.fetch(at.object(ref.digest))) ?? (await workspace.store.fetch(at.condemned(ref.digest)))
  if (file !== undefined) return file
  throw new CairnError('NOT_FOUND', `object ${ref.digest} is not in the store`, { next: 'cairn doctor' })
}
