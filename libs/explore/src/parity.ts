import { rerunOf, outputsOf } from '@cairn/workspace'
import { openPool, startRun } from '@cairn/embedded'
import { CairnError, contentOf, isStep, type ArtifactRef, type Step } from '@cairn/kernel'
import { nodeNamed } from '@cairn/planner'
import type { Plan } from '@cairn/records'
import type { Lab } from './lab.ts'
import { labRun } from './lab-run.ts'
import { compareItems, type DifferentItem, type Given } from './item-parity.ts'
import { idsOf, type StepOrNode } from './step-or-node.ts'
import type { Session } from './session.ts'

/** Whether a step computes the same results again from the same inputs, parameters and code. */
export interface Parity {
  readonly node: string
  readonly same: boolean
  /** Outputs that differ, with both digests. */
  readonly different: readonly { readonly output: string; readonly before: string; readonly after: string }[]
  /** Items of an `each` that differ alone or in reverse order. Only checked if the whole `each` is the same. */
  readonly items: readonly DifferentItem[]
  /** Number of items of an `each` that were compared alone or in reverse order. */
  readonly comparedItems: number
  /** Possible causes that the fingerprint found in the code: `randomness: Math.random() (train.ts:12)`. */
  readonly reaches: readonly string[]
  /** Why the step could not be computed again. */
  readonly error?: string
}

/** Reruns one node of a recorded run, and returns the plan of the rerun. */
export type Entry = (node: string) => Promise<Plan>

/**
 * Computes steps of the explored run again, each from the inputs that the run recorded, and compares the bytes: with
 * the run's or, `twice`, with each other. A step inside an `each` is computed for all items; in this process also for
 * all of them in reverse order, and for some alone.
 *
 * @param options.entry where: in this process, unless it is given
 */
export async function parity(
  { session }: Lab,
  steps: readonly StepOrNode[] = [],
  { twice = false, entry }: { readonly twice?: boolean; readonly entry?: Entry } = {},
): Promise<Parity[]> {
  const { graph, base } = session
  const named = idsOf(graph, steps).map((id) => nodeNamed(graph, id).scope[0] ?? id)
  const all = [...graph.nodes.values()]
    .filter(({ scope, type }) => scope.length === 0 && type !== 'when')
    .map(({ id }) => id)
  const found: Parity[] = []
  for (const node of named.length > 0 ? new Set(named) : all) {
    const reaches = reachesOf(session, node)
    try {
      const rerun = entry ?? ((id: string) => computeHere(session, id))
      const first = twice ? await rerun(node) : base
      const different = await compare(session, node, first, await rerun(node))
      const items =
        !entry && different.length === 0
          ? await compareItems(session, node, first, (given) => computeHere(session, node, given))
          : { count: 0, different: [] }
      const same = different.length + items.different.length === 0
      found.push({ node, same, different, items: items.different, comparedItems: items.count, reaches })
    } catch (error) {
      if (error instanceof CairnError && error.code === 'NOT_ALLOWED') throw error // none can be compared
      found.push({
        node,
        same: false,
        different: [],
        items: [],
        comparedItems: 0,
        reaches,
        error: (error as Error).message,
      })
    }
  }
  return found
}

/** Computes a node again in this process; `given` stands in for what other nodes of the run gave. */
async function computeHere(session: Session, node: string, given: Given = {}): Promise<Plan> {
  const { workspace, base, graph } = session
  const steps = [...graph.nodes.values()].flatMap((each) =>
    each.type === 'step' ? [[each.step.name, each.step] as const] : [],
  )
  const plan = await rerunOf(workspace.store, workspace.at(base.pipeline), base, node, workspace.clock.now(), { given })
  const { ended } = startRun(workspace, plan, { live: new Map(steps), pool: openPool(workspace) })
  await labRun(session, plan, await ended)
  return plan
}

async function compare({ workspace }: Session, node: string, before: Plan, after: Plan): Promise<Parity['different']> {
  const at = workspace.at(before.pipeline)
  const outputs = (plan: Plan) => outputsOf(workspace.store, at, plan, node)
  const [was = {}, is = {}] = [await outputs(before), await outputs(after)]
  const digest = (ref: ArtifactRef | undefined) => (ref ? contentOf(ref) : 'none')
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .map((output) => ({ output, before: digest(was[output]), after: digest(is[output]) }))
    .filter((pair) => pair.before !== pair.after)
}

/** Returns the step itself, or the steps of an `each`. */
function inside({ graph }: Session, node: string) {
  return [...graph.nodes.values()].filter(
    ({ id, scope, type }) => type === 'step' && (id === node || scope.includes(node)),
  )
}

function reachesOf(session: Session, node: string): string[] {
  return inside(session, node).flatMap((placed) => {
    const { step } = placed as { readonly step?: Step }
    const body = isStep(step) ? session.closures.body(step) : undefined
    if (!body || 'inline' in body) return []
    const { reaches, declarations } = body.manifest
    return reaches
      .filter(({ what }) => what !== 'console')
      .map(({ what, detail, line, via }) => `${what}: ${detail} (${declarations[via]?.file ?? '?'}:${line})`)
  })
}
