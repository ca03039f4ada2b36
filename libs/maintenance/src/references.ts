import { CairnError, type ArtifactRef } from '@cairn/kernel'
import {
  fetchObject,
  artifactBytes,
  codeName,
  readRecord,
  UPDATE,
  type CodeName,
  type Layout,
  type Plan,
  type PlannedNode,
  type ArtifactStore,
  type Checkpoint,
  type EndRecord,
  type Outcome,
} from '@cairn/records'
import { parseManifest } from '@cairn/kernel/contract'

/** What records reference. */
export interface References {
  readonly objects: Set<string>
  /** Stored code, by file name without extension. */
  readonly code: Map<string, CodeName>
  /** Checkpoints, as `<step>/<key>`. */
  readonly checkpoints: Set<string>
  /** Digests of the submissions that runs were planned for. */
  readonly submissions: Set<string>
}

export function noReferences(): References {
  return { objects: new Set(), code: new Map(), checkpoints: new Set(), submissions: new Set() }
}

/**
 * Adds everything that a run's plan and terminal records reference.
 *
 * @param onBad called with each damaged record, whose references are unknown; by default the error is thrown
 */
export async function addRun(
  store: ArtifactStore,
  at: Layout,
  run: string,
  found: References,
  onBad: OnBad = rethrow,
): Promise<void> {
  const plan = await readRecord<Plan>(store, at.plan(run)).catch(unlessBad(at.plan(run), onBad))
  if (plan?.submission !== undefined) found.submissions.add(plan.submission)
  for (const { code, fallback } of Object.values(plan?.steps ?? {}))
    for (const pinned of [code, fallback]) if (pinned && 'fingerprint' in pinned) addCode(pinned, found)
  for (const node of Object.values(plan?.nodes ?? {}))
    for (const ref of artifactsIn(node)) await addArtifact(store, at, ref, found)
  for (const file of await store.children(at.ends(run))) {
    const path = at.ends(run) + file
    const end = await readRecord<EndRecord>(store, path).catch(unlessBad(path, onBad))
    const node = plan?.nodes[at.taskOf(file).split('/')[0]!]
    for (const outcome of end?.items ?? [])
      await addOutcome(store, at, outcome, node?.type === 'step' ? node.step : undefined, found)
  }
}

/** The artifacts that a node of a plan names itself. */
function artifactsIn(node: PlannedNode): readonly ArtifactRef[] {
  if (node.type === 'given') return Object.values(node.outputs)
  return node.type === 'step' ? Object.values(node.production ?? {}).map(({ artifact }) => artifact) : []
}

export type OnBad = (path: string, error: CairnError) => void

function rethrow(_: string, error: CairnError): never {
  throw error
}

/**
 * Handles damaged records only. A record of a later version is not damaged: its references are unknown here and must
 * not be removed, so the error is thrown.
 */
export function unlessBad(path: string, onBad: OnBad): (error: unknown) => undefined {
  return (error) => {
    if (!isDamaged(error)) throw error
    onBad(path, error as CairnError)
  }
}

export function isDamaged(error: unknown): boolean {
  return error instanceof CairnError && error.code === 'BAD_RECORD' && error.next !== UPDATE
}

async function addOutcome(
  store: ArtifactStore,
  at: Layout,
  outcome: Outcome,
  step: string | undefined,
  found: References,
) {
  if (outcome.status !== 'completed') return
  if (outcome.key !== undefined && step !== undefined) found.checkpoints.add(`${step}/${outcome.key}`)
  for (const ref of Object.values(outcome.outputs)) await addArtifact(store, at, ref, found)
}

export async function addCheckpoint(
  store: ArtifactStore,
  at: Layout,
  checkpoint: Checkpoint,
  found: References,
): Promise<void> {
  const { fingerprint, code } = checkpoint
  addCode({ fingerprint, digest: code }, found)
  for (const ref of Object.values(checkpoint.outputs)) await addArtifact(store, at, ref, found)
}

function addCode(name: CodeName, found: References): void {
  found.code.set(codeName(name), name)
}

/** Adds an artifact's object and, for a list, those of its items. */
async function addArtifact(store: ArtifactStore, at: Layout, ref: ArtifactRef, found: References): Promise<void> {
  const inline = ref.text !== undefined || ref.base64 !== undefined
  if (!inline && found.objects.has(ref.digest)) return
  if (!inline) found.objects.add(ref.digest)
  if (ref.items === undefined) return
  for (const item of await itemsOf(store, at, ref)) await addArtifact(store, at, item, found)
}

/** Reads the items of a list; none when the list itself is missing or damaged. */
async function itemsOf(store: ArtifactStore, at: Layout, list: ArtifactRef): Promise<readonly ArtifactRef[]> {
  const fetch = async () => {
    const path = await fetchObject(store, at, list.digest)
    if (path === undefined) throw new Error('gone')
    return path
  }
  return artifactBytes(list, fetch).then(parseManifest, () => [])
}
