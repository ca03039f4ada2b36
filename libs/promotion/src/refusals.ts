import { changesOfCode, changesText, readEnds, type Workspace } from '@cairn/workspace'
import { CairnError, canonical, contentOf } from '@cairn/kernel'
import { isTrusted, readRecord, type Checkpoint, type EndRecord, type Plan, type RunEnd } from '@cairn/records'
import type { PromotionContext } from './promotion.ts'

/** A promotion was refused. Holds every reason, each with the step that it concerns. */
export class Refused extends CairnError {
  readonly reasons: readonly string[]

  constructor({ run }: Plan, reasons: readonly string[]) {
    super('REFUSED', `${run} was not promoted:\n${reasons.map((reason) => `  ${reason}`).join('\n')}`, {
      next: 'correct this, run the pipeline in the playground again, and promote the new run',
    })
    this.reasons = reasons
  }
}

/** Lists why a run is not complete in itself: it did not complete, or parts of it come from elsewhere. */
export function notWhole({ taints = [], partial, nodes }: Plan, end: Pick<RunEnd, 'status'> | undefined): string[] {
  const standIns = standInsOf(nodes)
  return [
    ...(end?.status === 'completed' ? [] : [`the run ${end ? `has the status ${end.status}` : 'has not ended'}`]),
    ...taints.map(({ node, output, how }) => `${node}.${output} is ${how}`),
    ...(standIns.length === 0 && partial ? ['only a part of the pipeline was run: run it without --until'] : standIns),
  ]
}

/** Lists outputs taken from another run, because the promotion does not check the code and data that made them. */
function standInsOf(nodes: Plan['nodes']): string[] {
  return Object.entries(nodes).flatMap(([id, node]) =>
    node.type === 'given'
      ? [`${id} was not run; its outputs come from ${node.from}: run the pipeline without --from and --only`]
      : [],
  )
}

/** Lists steps whose code, parameters or wiring in the pipeline differ from those that were tried. */
export async function changedCode(playground: Workspace, tried: Plan, now: Plan): Promise<string[]> {
  const reasons: string[] = []
  for (const [id, node] of Object.entries(tried.nodes)) {
    const today = now.nodes[id]
    if (node.type !== 'step') continue
    if (today?.type !== 'step') {
      reasons.push(`the pipeline has no step ${id}`)
      continue
    }
    const [was, is] = [tried.steps[node.step]!.code, now.steps[today.step]!.code]
    if (!('fingerprint' in was)) reasons.push(`the code that ${id} ran with cannot be pinned: ${was.inline}`)
    else if (!('fingerprint' in is)) reasons.push(`the current code of ${id} cannot be pinned: ${is.inline}`)
    else if (was.fingerprint !== is.fingerprint) {
      const changes = changesText(await changesOfCode(playground, now, id, was, is))
      reasons.push(`the code of ${id} changed since the run (${changes.join('; ')})`)
    } else if (canonical(node.params) !== canonical(today.params))
      reasons.push(
        `the parameters of ${id} changed since the run: ${canonical(node.params)} -> ${canonical(today.params)}`,
      )
    else if (canonical(node.inputs) !== canonical(today.inputs))
      reasons.push(`the inputs of ${id} changed since the run`)
  }
  return reasons
}

/** Lists sources whose version has changed since the run. */
export function changedSources(tried: Plan, now: Plan): string[] {
  return Object.entries(tried.nodes).flatMap(([id, node]) => {
    const today = now.nodes[id]
    if (node.type !== 'step' || today?.type !== 'step' || !node.versions) return []
    const changed = Object.keys(node.versions).filter((name) => node.versions![name] !== today.versions?.[name])
    return changed.map(
      (name) => `the data that ${id} reads as "${name}" changed since the run: explore from the newest run`,
    )
  })
}

/** Lists steps with results that no trusted service has signed and that production does not have itself. */
export async function unsignedRecords(
  { production, playground, adoption }: PromotionContext,
  tried: Plan,
): Promise<string[]> {
  const at = production.at(tried.pipeline)
  const unsigned = new Set<string>()
  for (const [task, { items }] of await readEnds(playground.store, at, tried.run)) {
    const [id = ''] = task.split('/')
    const node = tried.nodes[id]
    if (node?.type !== 'step') continue
    for (const outcome of items) {
      if (outcome.status !== 'completed' || outcome.key === undefined) continue
      const path = at.checkpoint(node.step, outcome.key)
      if (await production.store.read(path)) continue
      const checkpoint = await readRecord<Checkpoint>(playground.store, path)
      if (!checkpoint || !isTrusted(checkpoint, adoption.trusted)) unsigned.add(id)
    }
  }
  const inOrder = Object.keys(tried.nodes).filter((id) => unsigned.has(id))
  return inOrder.map((id) => `${id} has results that no trusted service has signed (adoption policy "adopt")`)
}

/** Lists tasks with other results in production than in the playground. */
export async function differentResults(
  playground: Workspace,
  tried: Plan,
  production: Workspace,
  promoted: Plan,
): Promise<string[]> {
  const at = production.at(tried.pipeline)
  const [then, now] = [
    await readEnds(playground.store, at, tried.run),
    await readEnds(production.store, at, promoted.run),
  ]
  return [...then].flatMap(([task, end]) =>
    contents(end) === contents(now.get(task))
      ? []
      : [`${task} has different results in production: cairn parity --step ${task.split('/')[0]} --twice`],
  )
}

function contents(end: EndRecord | undefined): string {
  return canonical(
    (end?.items ?? []).map((outcome) =>
      outcome.status === 'completed'
        ? Object.fromEntries(Object.entries(outcome.outputs).map(([name, ref]) => [name, contentOf(ref)]))
        : outcome.status,
    ),
  )
}
