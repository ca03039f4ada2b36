import { CairnError } from '@cairn/kernel'
import { dryRunItems, isSameItem, nodeNamed, reasonsOfItem, type ItemDryRun } from '@cairn/planner'
import { recordedItem } from '@cairn/engine'
import { findItem, type ItemPath } from './find-item.ts'
import { planLines, reused, withDetails, type PlanLine } from './plan-lines.ts'
import type { PlannedRun } from './plan-run.ts'
import type { Workspace } from './workspace.ts'

/**
 * Creates a plan line for one item of a step inside an `each`: what will be done, and why.
 *
 * @param place the step and the item, by index or label: `score/3`, `score/ATL`
 * @throws CairnError NOT_FOUND when it does not name an item
 */
export async function itemLine(
  workspace: Workspace,
  planned: PlannedRun,
  graph: Parameters<typeof nodeNamed>[0],
  place: string,
): Promise<PlanLine> {
  const { plan } = planned
  const [node = '', ...words] = place.split('/')
  const { scope } = nodeNamed(graph, node)
  const planOf = plan.nodes[node]
  if (planOf?.type !== 'step')
    throw new CairnError('NOT_FOUND', `${node} is not computed in this run, so its items are not either`, {
      next: `cairn why ${plan.pipeline}`,
    })
  if (scope.length === 0)
    throw new CairnError('NOT_FOUND', `${node} is not inside an each: it has no item "${words.join('/')}"`, {
      next: `cairn why ${plan.pipeline} ${node}`,
    })
  const items = await dryRunItems(workspace.store, workspace.clock, plan, node)
  if (items.length === 0 && planned.nodes.get(node)!.depends) {
    const line = (await planLines(workspace, planned)).find((one) => one.node === node)
    return { ...line!, node: place, reasons: [...line!.reasons, { because: 'unknown items' }] }
  }
  const found = findKnown(items, Object.keys(plan.steps[planOf.step]!.outputs), words, node, planned)
  const dryRun = items.find(({ item }) => item === found.item)!
  const decision = decisionOf(dryRun)
  const { indices, labels } = found.item
  const line = {
    node: `${node}/${found.itemName}`,
    decision,
    item: { item: found.itemName, indices, labels: labels.map((label) => label ?? null) },
  }
  if (decision === 'reuse') {
    const { hit } = dryRun
    return { ...line, reasons: reused({ ...(hit && { hit, outputs: hit.outputs }) }) }
  }
  if (dryRun.outcome.status === 'skipped')
    return { ...line, reasons: [{ because: 'other arm', when: dryRun.outcome.because }] }
  const earlier = await planned.previous()
  const previous = earlier && {
    plan: earlier.plan,
    item:
      earlier.plan.nodes[node]?.type === 'step'
        ? await recordedItem(workspace.store, workspace.at(plan.pipeline), earlier.plan, node, (item) =>
            isSameItem(found.item, item),
          )
        : undefined,
  }
  return {
    ...line,
    reasons: await withDetails(workspace, planned, node, reasonsOfItem(plan, node, dryRun, previous), previous?.item),
  }
}

/**
 * Finds the item among those that are known.
 *
 * @throws CairnError NOT_FOUND, which says so when some lists are not known before the run
 */
function findKnown(
  items: readonly ItemDryRun[],
  outputs: readonly string[],
  words: readonly string[],
  node: string,
  { plan, nodes }: PlannedRun,
): Required<Pick<ItemPath, 'item' | 'itemName'>> {
  try {
    const all = items.map(({ item }) => item)
    const { item, itemName } = findItem(all, outputs, words, node)
    if (item && itemName !== undefined) return { item, itemName }
    throw new CairnError('NOT_FOUND', `${words.join('/')} is an output of ${node}, not an item`, {
      next: `cairn why ${plan.pipeline} ${node}/#0`,
    })
  } catch (error) {
    if (!(error instanceof CairnError) || !nodes.get(node)!.depends) throw error
    const { code, message, next } = error
    throw new CairnError(
      code,
      `${message} (some items are not known before the run)`,
      next === undefined ? {} : { next },
    )
  }
}

function decisionOf({ hit, miss, outcome }: ItemDryRun): PlanLine['decision'] {
  if (hit) return 'reuse'
  if (miss) return miss === 'unread' ? 'fails' : 'run'
  return outcome.status === 'skipped' ? 'skip' : 'may run'
}
