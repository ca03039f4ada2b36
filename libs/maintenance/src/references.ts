import { CairnError, type ArtifactRef } from '@cairn/kernel'
import {
  artifactBytes,
  codeName,
  readRecord,
  UPDATE,
  type CodeName,
  type Layout,
  type Plan,
  type ArtifactStore,
  type Checkpoint,
  type EndRecord,
  type Outcome,
} from '@cairn/records'
import { parseManifest } from '@cairn/kernel/contract'

/** What a record refers to. */
export interface References {
  readonly objects: Set<string>
  /** Stored code, by what its files are called. */
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
 * Adds all that a run's plan and endings refer to.
 *
 * @param onBad told of a record that is damaged, of which nothing is known; by default that is thrown
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
    if (node.type === 'given') for (const ref of Object.values(node.outputs)) await addArtifact(store, at, ref, found)
  for (const file of await store.children(at.ends(run))) {
    const path = at.ends(run) + file
    const end = await readRecord<EndRecord>(store, path).catch(unlessBad(path, onBad))
    const node = plan?.nodes[at.taskOf(file).split('/')[0]!]
    for (const outcome of end?.items ?? [])
      await addOutcome(store, at, outcome, node?.type === 'step' ? node.step : undefined, found)
  }
}

export type OnBad = (path: string, error: CairnError) => void

function rethrow(_: string, error: CairnError): never {
  throw error
}

/** A record of a later version is no damage: what it refers to is not known here, and must not be taken away. */
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
  addCode({ fingerprint, ...(code !== undefined && { digest: code }) }, found)
  for (const ref of Object.values(checkpoint.outputs)) await addArtifact(store, at, ref, found)
}

function addCode(name: CodeName, found: References): void {
  found.code.set(codeName(name), name)
}

/** An artifact's object and, of a list, those of its items. */
async function addArtifact(store: ArtifactStore, at: Layout, ref: ArtifactRef, found: References): Promise<void> {
  const inline = ref.text !== undefined || ref.base64 !== undefined
  if (!inline && found.objects.has(ref.digest)) return
  if (!inline) found.objects.add(ref.digest)
  if (ref.items === undefined) return
  for (const item of await itemsOf(store, at, ref)) await addArtifact(store, at, item, found)
}

/** A list whose own bytes are gone or broken names nothing. */
async function itemsOf(store: ArtifactStore, at: Layout, list: ArtifactRef): Promise<readonly ArtifactRef[]> {
  const fetch = async () => {
    const path = (await store.fetch(at.object(list.digest))) ?? (await store.fetch(at.trash(list.digest)))
    if (path === undefined) throw new Error('gone')
    return path
  }
  return artifactBytes(list, fetch).then(parseManifest, () => [])
}
