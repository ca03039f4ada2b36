import {
  CairnError,
  suggest,
  type AnyKind,
  type ArtifactRef,
  type EndRecord,
  type Plan,
  type Pipeline,
  readRecord,
} from '@cairn/kernel/runtime'
import { findRun, loadPipeline, outputsOf, readRun, type RunSummary, type Workspace } from '@cairn/embedded'

/** What `<pipeline>[/<run>[/<node>[/<batch>][/<output>]]]` names. */
export interface Place {
  readonly pipeline: string
  readonly run: RunSummary
  readonly node?: string
  readonly batch?: string
  readonly output?: string
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
  const [batch, output] = /^\d+(\.\d+)*$/.test(inner[0] ?? '') ? inner : [undefined, ...inner]
  return { pipeline, run, node, ...(batch !== undefined && { batch }), ...(output !== undefined && { output }) }
}

/** The artifact that a path names; of a step with one output that one. */
export async function findArtifact(
  workspace: Workspace,
  path: string,
): Promise<Place & { readonly ref: ArtifactRef; readonly output: string; readonly node: string }> {
  const place = await findPlace(workspace, path)
  const { pipeline, run, node } = place
  if (node === undefined)
    throw new CairnError('NOT_FOUND', `${path} names a run, not an artifact`, {
      next: `cairn show ${pipeline}/${run.plan.run} lists them`,
    })
  const outputs = await outputsOf(workspace.store, workspace.at(pipeline), run.plan, node)
  if (!outputs) {
    const end = await readRecord<EndRecord>(workspace.store, workspace.at(pipeline).end(run.plan.run, node))
    throw new CairnError(
      'NOT_FOUND',
      `${node} of run ${run.plan.run} has no outputs: it is ${end?.status ?? 'not finished'}`,
      {
        next: `cairn show ${pipeline}/${run.plan.run}/${node}`,
      },
    )
  }
  const names = Object.keys(outputs)
  const output = place.output ?? (names.length === 1 ? names[0]! : '')
  const ref = outputs[output]
  if (ref) return { ...place, node, output, ref }
  const what = output === '' ? `${node} has several outputs` : `${node} has no output "${output}"`
  throw new CairnError('NOT_FOUND', what, {
    next: `${suggest(output, names)} (cairn cat ${pipeline}/${run.plan.run}/${node}/${names[0]})`,
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
