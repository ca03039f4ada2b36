import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CairnError,
  fits,
  suggest,
  type ArtifactRef,
  type Json,
  type KindDescription,
  type ProductionOutput,
} from '@cairn/kernel'
import { parseManifest, type Ref } from '@cairn/kernel/contract'
import {
  artifactBytes,
  fetchObject,
  PRODUCTION,
  type ArtifactStore,
  type Layout,
  type PinnedOutput,
  type PlannedNode,
  type Plan,
} from '@cairn/records'
import { findRun, outputsOf, readRun } from './runs.ts'

/**
 * Pins an output of the production run of a pipeline, and copies its objects to another pipeline: a stage reads its own
 * pipeline's folder only. Before the first promotion, the newest completed run of the whole pipeline counts.
 *
 * @param at returns the layout of a pipeline
 * @param to the pipeline that reads the output
 * @throws CairnError SOURCE_UNREACHABLE when there is no such run or output, or when its kind cannot be read as declared
 */
export async function pinOutput(
  store: ArtifactStore,
  at: (pipeline: string) => Layout,
  to: string,
  { pipeline, output, kind }: ProductionOutput,
): Promise<PinnedOutput> {
  const from = at(pipeline)
  const run = await findRun(store, from, PRODUCTION).catch((cause: unknown) => {
    throw unreachable(`${pipeline} has no production run in environment "${from.env}"`, `cairn run ${pipeline}`, cause)
  })
  const { plan } = await readRun(store, from, run)
  const { ref, kind: produced } = outputIn(plan, output)
  const of = `${ref.node}/${ref.output}`
  if (!fits(kind, produced))
    throw unreachable(
      `${pipeline}/${of} is of kind ${produced.kind}, and cannot be read as the declared ${kind.name}`,
      `declare the kind that ${pipeline} declares: cairn show ${pipeline}/${run}`,
    )
  const artifact = (await outputsOf(store, from, plan, ref.node))?.[ref.output]
  if (!artifact)
    throw unreachable(`${ref.node} did not complete in ${pipeline}/${run}`, `cairn show ${pipeline}/${run}/${ref.node}`)
  if (pipeline !== to) await copyArtifact(store, from, at(to), artifact)
  return { pipeline, run, output: of, artifact }
}

interface OutputRef {
  readonly node: string
  readonly output: string
}

/** Finds an output and its kind by name: of the pipeline, or `<step>/<output>`. */
function outputIn(plan: Plan, wanted: string): { readonly ref: OutputRef; readonly kind: KindDescription } {
  const all = [...outputsIn(plan)]
  const found = all.find(({ name }) => name === wanted)
  if (found) return found
  const message = `the production run ${plan.pipeline}/${plan.run} has no output "${wanted}"`
  const names = all.map(({ name }) => name)
  throw unreachable(message, suggest(wanted, names, `cairn show ${plan.pipeline}/${plan.run}`))
}

function* outputsIn({ nodes, steps, outputs }: Plan) {
  for (const [name, ref] of Object.entries(outputs)) if ('node' in ref) yield* described(name, ref)
  for (const [node, planned] of Object.entries(nodes)) {
    const names = planned.scope.length > 0 ? [] : Object.keys(declared(planned))
    for (const output of names) yield* described(`${node}/${output}`, { node, output })
  }

  function* described(name: string, ref: OutputRef) {
    const kind = kindOf(ref)
    if (kind) yield { name, ref, kind }
  }

  function declared(planned: PlannedNode): Readonly<Record<string, unknown>> {
    if (planned.type === 'step') return steps[planned.step]!.outputs
    return planned.type === 'each' ? planned.collects : planned.type === 'when' ? planned.then : {}
  }

  function kindOf({ node, output }: OutputRef): KindDescription | undefined {
    const planned = nodes[node]!
    if (planned.type === 'step') return steps[planned.step]!.outputs[output]
    const inner = declared(planned)[output] as Ref | undefined
    const found = inner && 'node' in inner ? kindOf(inner) : undefined
    if (planned.type !== 'each' || !found) return found
    return { kind: 'list', version: 1, schema: { item: found } as unknown as Json }
  }
}

/** Copies an artifact's objects, those of a list's items included. */
async function copyArtifact(store: ArtifactStore, from: Layout, to: Layout, artifact: ArtifactRef): Promise<void> {
  const local = async ({ digest }: { readonly digest: string }) => {
    const file = await fetchObject(store, from, digest)
    if (file !== undefined) return file
    throw unreachable(`the object ${digest} of ${from.pipeline} is not in the store`, 'cairn doctor')
  }
  if (artifact.items !== undefined) {
    const items = parseManifest(await artifactBytes(artifact, local))
    for (const item of items) await copyArtifact(store, from, to, item)
  }
  if (artifact.text !== undefined || artifact.base64 !== undefined) return
  if (await store.stat(to.object(artifact.digest))) return
  const scratch = await store.scratch()
  try {
    const own = join(scratch, artifact.digest)
    await copyFile(await local(artifact), own) // `put` may move the file
    await store.put(to.object(artifact.digest), { file: own })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function unreachable(message: string, next: string, cause?: unknown): CairnError {
  return new CairnError('SOURCE_UNREACHABLE', message, { next, ...(cause !== undefined && { cause }) })
}
