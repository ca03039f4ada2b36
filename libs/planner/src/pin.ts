import {
  mapConcurrently,
  sha256,
  encodeRecord,
  packagesDigest,
  type ClosureSet,
  type Closure,
  type Layout,
  type PinnedCode,
  type PlannedCache,
  type PlannedStep,
  type ArtifactStore,
} from '@cairn/records'
import { describeKind, type Kinds, type Step } from '@cairn/kernel'
import { byteCount, milliseconds } from '@cairn/kernel/contract'

/** Pins steps as they are now: stores their code, so that exactly this code runs, and fixes their policies. */
export async function pinSteps(
  store: ArtifactStore,
  at: Layout,
  closures: ClosureSet,
  steps: readonly Step[],
): Promise<Record<string, PlannedStep>> {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const pinned = new Map<string, PlannedStep>()
  await mapConcurrently([...byName], async ([name, step]) => pinned.set(name, await pinStep(store, at, closures, step)))
  return Object.fromEntries([...byName.keys()].map((name) => [name, pinned.get(name)!]))
}

async function pinStep(store: ArtifactStore, at: Layout, closures: ClosureSet, step: Step): Promise<PlannedStep> {
  const { retry, timeout, memory, secrets, outputs } = step.definition
  const body = closures.body(step)
  const fallback = closures.fallback(step)
  const cache = cacheOf(step, body)
  return {
    code: await pin(store, at, body),
    ...(fallback && { fallback: await pin(store, at, fallback) }),
    source: step.type === 'source',
    outputs: Object.fromEntries(Object.entries(outputs as Kinds).map(([name, kind]) => [name, describeKind(kind)])),
    ...(retry && {
      retry: {
        times: retry.times,
        backoffMs: milliseconds(retry.backoff ?? '1s'),
        maxBackoffMs: milliseconds(retry.maxBackoff ?? '1m'),
        ...(retry.on && { on: retry.on }),
      },
    }),
    ...(timeout !== undefined && { timeoutMs: milliseconds(timeout) }),
    ...(memory !== undefined && { memory: byteCount(memory) }),
    ...(cache && { cache }),
    ...(secrets?.length && { secrets }),
  }
}

async function pin(
  store: ArtifactStore,
  at: Layout,
  closure: Closure | { readonly inline: string },
): Promise<PinnedCode> {
  if ('inline' in closure) return closure
  const { fingerprint, emitted, manifest } = closure
  if (emitted !== undefined) {
    const known = { fingerprint, digest: emitted, packages: packagesDigest(manifest) }
    const [code, described] = await Promise.all([store.read(at.code(known)), store.read(at.manifest(known))])
    const isThere = code && described && sha256(code) === emitted
    if (isThere && encodeRecord(manifest, at.manifest(known)).equals(described)) return known
  }
  const code = Buffer.from(await closure.emit())
  const pinned = { fingerprint, digest: sha256(code), packages: packagesDigest(manifest) }
  await storeFile(store, at.manifest(pinned), encodeRecord(manifest, at.manifest(pinned)))
  await storeFile(store, at.code(pinned), code)
  return pinned
}

/** Stores a file, replacing one that is damaged or describes an earlier location of the code. */
async function storeFile(store: ArtifactStore, path: string, bytes: Buffer): Promise<void> {
  const existing = (await store.create(path, bytes)) ? undefined : await store.read(path)
  if (existing && !bytes.equals(existing)) await store.replace(path, existing, bytes)
}

/** Returns why a step is never reused, or for how long it is; undefined when it always is. */
function cacheOf(step: Step, body: Closure | { readonly inline: string }): PlannedCache | undefined {
  const { cache, acknowledge = [] } = step.definition
  if (cache === 'never') return { never: 'its cache policy is "never"' }
  if ('inline' in body) return { never: body.inline }
  if (step.type === 'step') {
    const unacknowledged = body.manifest.reaches.find(({ what }) => what !== 'console' && !acknowledge.includes(what))
    if (unacknowledged) {
      const what =
        unacknowledged.what === 'state'
          ? 'changes state that is shared between calls'
          : `reaches the ${unacknowledged.what}`
      return { never: `it ${what} (${unacknowledged.detail}, ${place(body, unacknowledged)}) without acknowledge` }
    }
  }
  return cache && { maxAgeMs: milliseconds(cache.maxAge) }
}

function place({ manifest }: Closure, { via, line }: { via: number; line: number }): string {
  return `${manifest.declarations[via]?.file ?? '?'}:${line}`
}
