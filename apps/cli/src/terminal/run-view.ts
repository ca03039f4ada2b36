import type { CairnEvent, Plan, PlannedEach } from '@cairn/records'
import type { NodeDryRun } from '@cairn/planner'
import type { State } from './style.ts'

/** The state of a node during a run. */
export interface NodeView {
  readonly node: string
  state: State
  /** Milliseconds, by this process's clock. */
  startedAt: number | undefined
  endedAt: number | undefined
  /** For a node inside an `each`: ended and total batches. */
  batches: { ended: number; total: number | undefined } | undefined
  attempt: number
  error: string | undefined
  /** How long it usually takes. */
  readonly expectedMs: number | undefined
}

/** The state of a run for display, derived from its events. */
export class RunView {
  readonly nodes = new Map<string, NodeView>()
  readonly plan: Plan
  readonly #now: () => number
  /** The outermost `each` nodes, by the node whose list they map over. */
  readonly #mappedOver = new Map<string, { readonly id: string; readonly each: PlannedEach }[]>()

  constructor(
    plan: Plan,
    expected: (step: string) => number | undefined,
    dryRuns: ReadonlyMap<string, NodeDryRun>,
    now: () => number,
  ) {
    this.plan = plan
    this.#now = now
    for (const [node, planned] of Object.entries(plan.nodes)) {
      if (planned.type === 'each' && 'node' in planned.over && planned.scope.length === 0)
        this.#mappedOver.set(planned.over.node, [
          ...(this.#mappedOver.get(planned.over.node) ?? []),
          { id: node, each: planned },
        ])
      const calls = planned.scope.length > 0 ? (dryRuns.get(node)?.run ?? 1) : 1
      const once = planned.type === 'step' ? expected(planned.step) : undefined
      this.nodes.set(node, {
        node,
        state: planned.type === 'given' ? 'given' : 'waiting',
        startedAt: undefined,
        endedAt: undefined,
        batches: planned.scope.length > 0 ? { ended: 0, total: undefined } : undefined,
        attempt: 1,
        error: undefined,
        expectedMs: once === undefined ? undefined : once * calls,
      })
    }
  }

  apply({ type, data }: CairnEvent): void {
    const view = data.node === undefined ? undefined : this.nodes.get(data.node)
    if (!view) return
    if (type === 'cairn.ready') {
      if (data.error) Object.assign(view, { state: 'waiting', startedAt: undefined, error: data.error.message })
      return
    }
    if (type === 'cairn.attempt-started' || type === 'cairn.attempt-failed') {
      view.startedAt ??= this.#now()
      view.attempt = Math.max(view.attempt, (data.attempt ?? 1) + (type === 'cairn.attempt-failed' ? 1 : 0))
      view.error = data.error?.message
      if (view.state === 'waiting') view.state = 'running'
      return
    }
    this.#openEaches(data)
    if (view.batches && data.batch !== undefined) {
      view.batches.ended++
      if (type !== 'cairn.completed' && type !== 'cairn.skipped') view.error = data.error?.message
      if (view.state === 'waiting') view.state = 'running'
      if (view.batches.ended !== view.batches.total) return
    }
    view.endedAt = this.#now()
    view.error = data.error?.message ?? view.error
    view.state =
      type === 'cairn.completed' ? ((data.how ?? 'computed') as State) : (type.slice('cairn.'.length) as State)
  }

  /** Sets the number of batches of an outermost `each` once its list is known. */
  #openEaches({ node, counts = {} }: CairnEvent['data']): void {
    for (const { id, each } of (node !== undefined && this.#mappedOver.get(node)) || []) {
      const items = (counts[(each.over as { output: string }).output] ?? []).reduce((sum, count) => sum + count, 0)
      const total = Math.ceil(items / each.batch)
      for (const [inner, { scope }] of Object.entries(this.plan.nodes))
        if (scope.at(-1) === id) this.nodes.get(inner)!.batches = { ended: 0, total }
    }
  }

  /** Estimated milliseconds left: the longest chain of remaining steps, or all remaining work divided by the cores. */
  left(cores: number): number | undefined {
    const remaining = new Map<string, number>()
    let known = false
    let sum = 0
    for (const { node, state, startedAt, expectedMs } of this.nodes.values()) {
      const open = state === 'waiting' || state === 'running'
      const gone = startedAt === undefined ? 0 : this.#now() - startedAt
      const own = open && expectedMs !== undefined ? Math.max(0, expectedMs - gone) : 0
      if (open && expectedMs !== undefined) known = true
      sum += own
      const before = this.#readsOf(node).map((other) => remaining.get(other) ?? 0)
      remaining.set(node, own + Math.max(0, ...before))
    }
    return known ? Math.max(sum / cores, ...remaining.values()) : undefined
  }

  #readsOf(id: string): string[] {
    const node = this.plan.nodes[id]!
    if (node.type === 'step')
      return Object.values(node.inputs).flatMap((ref) => ('node' in ref ? [ref.node] : [ref.item]))
    if (node.type === 'each') return 'node' in node.over ? [node.over.node] : []
    return []
  }
}
