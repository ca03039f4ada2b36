import type { ArtifactRef } from '@cairn/kernel'
import type { EndRecord, ErrorRecord, Outcome, Plan } from '@cairn/records'
import type { ShownRun } from './client.fixture.ts'

/** All of a run that must not depend on where it was run. */
export interface Snapshot {
  readonly status: string | undefined
  readonly plan: object
  readonly tasks: Readonly<Record<string, TaskSnapshot>>
  /** How often each key was computed, and how often reused: of places with one key, whichever comes first computes. */
  readonly hows: Readonly<Record<string, readonly string[]>>
  /** Bytes of every artifact, its items included, by its digest. */
  readonly bytes: Readonly<Record<string, string>>
}
interface TaskSnapshot {
  readonly status: string
  readonly counts: EndRecord['counts']
  readonly items: readonly object[]
  readonly attempts?: number
  readonly failures?: readonly object[]
}

/**
 * @param open gives an object's bytes
 * @param earlier names of the runs before it, in their order
 */
export async function snapshot(
  shown: ShownRun,
  open: (digest: string) => Promise<Buffer>,
  earlier: readonly string[],
): Promise<Snapshot> {
  const { plan, end, tasks } = named(shown, earlier)
  const items = Object.values(tasks).flatMap((task) => task.items)
  const hows = Map.groupBy(items.filter(hasKey), ({ key }) => key)
  const isAlone = ({ items }: EndRecord) =>
    items.every((outcome) => !hasKey(outcome) || hows.get(outcome.key)!.length === 1)
  const taken = Object.entries(tasks).map(([name, task]) => [name, taskSnapshot(task, isAlone(task))] as const)
  const bytes: Record<string, string> = {}
  for (const outcome of items)
    if (outcome.status === 'completed')
      for (const ref of Object.values(outcome.outputs)) await addBytes(ref, open, bytes)
  return {
    status: end?.status,
    plan: planSnapshot(plan),
    tasks: Object.fromEntries(taken),
    hows: Object.fromEntries([...hows].map(([key, all]) => [key, all.map(howOf).sort()])),
    bytes,
  }
}

/** Which places were computed, where a batch counts as one that has such an item. */
export function computed({ tasks }: ShownRun): string[] {
  const places = Object.entries(tasks).flatMap(([task, { items }]) =>
    items.some((outcome) => outcome.status === 'completed' && outcome.how === 'computed') ? [task.split('/')[0]!] : [],
  )
  return [...new Set(places)].sort()
}

function taskSnapshot({ status, counts, items, attempts, failures }: EndRecord, isAlone: boolean): TaskSnapshot {
  return {
    status,
    counts,
    items: items.map((outcome) => itemSnapshot(outcome)),
    ...(isAlone && { attempts }),
    ...(failures && { failures: failures.map(errorSnapshot) }),
  }
}

function itemSnapshot(outcome: Outcome): object {
  if ('error' in outcome) return { ...outcome, error: errorSnapshot(outcome.error) }
  if (outcome.status !== 'completed') return outcome
  const { how, ms: _, caught, ...rest } = outcome
  return { ...rest, ...(outcome.key === undefined && { how }), ...(caught && { caught: errorSnapshot(caught) }) }
}

/** What people are told, without where in which file and how much exactly. */
function errorSnapshot({ code, name, message, next }: ErrorRecord): object {
  return { code, name, message: message.replace(/used \d+ MB/, 'used … MB'), next }
}

/** Services say, too, what they were asked by, and sign it. */
function planSnapshot({ createdAt: _at, submission: _by, signature: _of, ...plan }: Plan): object {
  return plan
}

/** Runs are named by the time; here, by their order. */
function named(shown: ShownRun, earlier: readonly string[]): ShownRun {
  const names = [...earlier, shown.plan.run]
  const text = names.reduce((text, name, index) => text.replaceAll(name, `run-${index}`), JSON.stringify(shown))
  return JSON.parse(text) as ShownRun
}

async function addBytes(ref: ArtifactRef, open: (digest: string) => Promise<Buffer>, to: Record<string, string>) {
  if (ref.digest in to) return
  const bytes = ref.text === undefined ? await open(ref.digest) : Buffer.from(ref.text)
  to[ref.digest] = bytes.toString('latin1')
  if (ref.items === undefined) return
  const { items } = JSON.parse(bytes.toString()) as { items: ArtifactRef[] }
  for (const item of items) await addBytes(item, open, to)
}

function hasKey(outcome: Outcome): outcome is Outcome & { readonly key: string } {
  return 'key' in outcome && outcome.key !== undefined
}

function howOf(outcome: Outcome): string {
  return outcome.status === 'completed' ? outcome.how : outcome.status
}
