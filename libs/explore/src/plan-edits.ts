import { relative, resolve } from 'node:path'
import { closures } from '@cairn/fingerprint'
import { planRun, type PlannedRun } from '@cairn/workspace'
import { CairnError, type Step } from '@cairn/kernel'
import { mergedSettings, parameterAt, type NodeOverride, type Settings } from '@cairn/planner'
import { swapStep } from './swap.ts'
import type { ClosureSet, Plan } from '@cairn/records'
import type { Graph } from '@cairn/kernel/contract'
import type { Edits, Override, Swap } from './edits.ts'
import { partFor } from './overrides.ts'
import type { Session } from './session.ts'

/** A plan of the explored run with changes, and the steps to run it with. */
export interface PlannedEdits {
  readonly planned: PlannedRun
  /** By name. */
  readonly steps: ReadonlyMap<string, Step>
}

/**
 * Plans a run with the edits. Everything else is as in the explored run, including source versions.
 *
 * @param variant parameters that override those of the edits
 */
export async function planEdits(session: Session, edits: Edits, variant: Settings = {}): Promise<PlannedEdits> {
  const { workspace, loaded, base } = session
  const { graph: swapped, closures } = await swapAll(session, edits.swaps)
  const graph = withParts(swapped, edits.overrides)
  const changed = mergedSettings(graph, edits.settings, variant)
  const planned = await planRun(workspace, loaded, {
    edited: { graph, closures },
    base: base.run,
    pinned: true,
    playground: session.playground,
    settings: mergedSettings(graph, settingsOf(base.settings, graph), changed),
    from: edits.from,
    until: edits.until,
    overrides: await applyOverrides(session, edits),
  })
  checkReach(planned.plan, graph, { ...edits, settings: changed })
  const steps = [...graph.nodes.values()].flatMap((node) =>
    node.type === 'step' ? [[node.step.name, node.step] as const] : [],
  )
  return { planned, steps: new Map(steps) }
}

/** Returns the parameters that were set in the explored run, for steps that the pipeline still has. */
function settingsOf(settings: Settings = {}, graph: Graph): Settings {
  const isThere = (path: string) => {
    const words = path.split('.')
    const sections = words.map((_, at) => words.slice(0, at).join('.'))
    return words.length === 1 || sections.some((id) => id !== '' && (graph.nodes.has(id) || graph.frames.has(id)))
  }
  return Object.fromEntries(Object.entries(settings).filter(([path]) => isThere(path)))
}

async function swapAll(session: Session, swaps: readonly Swap[]): Promise<{ graph: Graph; closures: ClosureSet }> {
  let { graph } = session
  let set = session.closures
  for (const { step, by, file } of swaps) {
    const swapped = swapStep(graph, step, by)
    const code = await closuresOf(session, by, file)
    const before = set
    graph = swapped.graph
    set = {
      body: (wanted) => (wanted === swapped.step ? code.body(by) : before.body(wanted)),
      fallback: (wanted) => (wanted === swapped.step ? code.fallback(by) : before.fallback(wanted)),
    }
  }
  return { graph, closures: set }
}

/** The code of a step that may stand in a file of its own, or in the script that is running. */
async function closuresOf({ workspace, loaded }: Session, step: Step, file: string | undefined): Promise<ClosureSet> {
  const { root } = workspace.project
  const script = process.argv[1] === undefined ? undefined : resolve(process.argv[1])
  const isOurs = (path: string) => !/(^\.\.|node_modules|^[^.]*$)/.test(relative(root, path))
  const entry = file ?? (script !== undefined && isOurs(script) ? script : loaded.file)
  return closures({ steps: [step], entry, root, cache: workspace.cache })
}

/** Where an `each` alone gets a part of a list, it maps over another output of that list's maker. */
function withParts(graph: Graph, overrides: readonly Override[]): Graph {
  const nodes = new Map(graph.nodes)
  for (const { node, output, each } of overrides) {
    const [maker, mapping] = [nodes.get(node)!, each === undefined ? undefined : nodes.get(each)]
    if (mapping?.type !== 'each') continue
    const part = partFor(output, mapping.id)
    nodes.set(node, { ...maker, outputs: { ...maker.outputs, [part]: maker.outputs[output]! } })
    nodes.set(mapping.id, { ...mapping, over: { node, output: part } })
  }
  return { ...graph, nodes }
}

async function applyOverrides(session: Session, { overrides }: Edits): Promise<Map<string, NodeOverride>> {
  const byNode = new Map<string, NodeOverride>()
  for (const override of overrides) {
    const before = byNode.get(override.node)
    const { outputs, taints } = await override.make(session)
    const name = override.each === undefined ? override.output : partFor(override.output, override.each)
    byNode.set(override.node, {
      outputs: { ...outputs, ...before?.outputs, [name]: outputs[name]! },
      taints: [...(before?.taints ?? []), ...taints],
    })
  }
  return byNode
}

/** Refuses a change that has no effect on the run. */
function checkReach({ nodes }: Plan, graph: Graph, { swaps, settings }: Edits): void {
  const isRun = (id: string) => nodes[id]?.type === 'step'
  const refuse = (what: string, id: string) => {
    const isHanded = nodes[id]?.type === 'given'
    throw new CairnError(
      'BAD_PARAMETER',
      `${what}, but ${id} is not run here: ${isHanded ? 'its outputs are taken from another run' : 'no step of this run reads its outputs'}`,
      {
        next: 'start from an earlier step, or remove the change',
      },
    )
  }
  for (const { step } of swaps) {
    const places = [...graph.nodes.values()].filter((node) => node.type === 'step' && node.step.name === step)
    if (places.length > 0 && !places.some(({ id }) => isRun(id))) refuse(`${step} is swapped`, places[0]!.id)
  }
  for (const path of Object.keys(settings)) {
    const id = parameterAt(graph, path).section
    if (graph.nodes.get(id)?.type === 'step' && !isRun(id)) refuse(`${path} is set`, id)
  }
}
