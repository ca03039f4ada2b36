import { CairnError } from '../errors.ts'
import { canonical } from '../json.ts'
import type { Graph, Node, Setting } from './graph.ts'
import type { ParamRef, Ref } from './ref.ts'

/** A value that replaces some handles while a pipeline is rebuilt. */
interface Replacement {
  readonly value: unknown
  /** Whether the value replaces the handle with this number. */
  readonly replaces: (handle: number) => boolean
  /** How many milliseconds the body may take, and how many nodes it may add. */
  readonly limit: { readonly ms: number; readonly nodes: number }
}

/** A replacement, and the record of one build with it. */
export interface Probe extends Replacement {
  /** Collects the ids of nodes, each with an error whose stack shows where it was added, if that is `traced`. */
  readonly places: Map<string, Error | undefined>
  readonly traced: boolean
}

export interface BuiltGraph {
  readonly graph: Graph
  /** The name of each handle, by its number. Handles are numbered in the order in which they are made. */
  readonly handles: readonly string[]
  readonly numberOf: (ref: Ref | ParamRef) => number
}

/** The reference that a probe's value has in place of a handle's. */
export const STAND_IN = { node: '', output: '', param: '', frame: '' } as const

/** Compares fields, not identity: another copy of this module may have built the pipeline. */
function isStandIn(value: object): boolean {
  return 'node' in value && 'param' in value
}

/**
 * Refuses a pipeline whose body depends on a handle's truth, type or equality, which a proxy cannot trap. Builds the
 * pipeline again with other values in place of handles: such a body then builds another graph.
 * @param literals values with which the body may compare a handle
 * @throws CairnError BAD_DEFINITION for such a body, with the place where it branches as the cause
 */
export function requireStableGraph(
  first: BuiltGraph,
  build: (probe?: Probe) => BuiltGraph,
  literals: readonly unknown[],
): void {
  const started = process.threadCpuUsage()
  build()
  const ms = Math.max(LEAST_MS, 1000 * cpuMsSince(started))
  const limit = { ms, nodes: 1000 + 10 * first.graph.nodes.size }
  const none = { value: null, replaces: () => false, limit }
  if (differenceIn(first, rebuild(build, none), none) !== undefined) return // the body is not deterministic, so a difference proves nothing
  for (const each of probes(first.handles.length, literals)) {
    const probe = { ...each, limit }
    const again = rebuild(build, probe)
    const at = differenceIn(first, again, probe)
    if (at === undefined) continue
    const alone = findInspectedHandle(first, build, probe)
    throw new CairnError(
      'BAD_DEFINITION',
      `${alone?.called ?? `one of ${first.handles.join(', ')}`} has no value while the pipeline is being built`,
      {
        next: 'use the value inside a step; to choose between steps, use when(condition, then, otherwise)',
        cause: placeOf(rebuild(build, none, true), rebuild(build, alone?.probe ?? probe, true), alone?.at ?? at),
      },
    )
  }
}

/** Finds the first handle that changes the graph when it alone is replaced. */
function findInspectedHandle(first: BuiltGraph, build: (probe: Probe) => BuiltGraph, probe: Replacement) {
  for (const [handle, called] of first.handles.entries()) {
    const only = { ...probe, replaces: (other: number) => other === handle }
    const again = rebuild(build, only)
    const at = differenceIn(first, again, only)
    if (at !== undefined) return { called, probe: only, at }
  }
  return undefined
}

// All handles at once; then half of them at a time, by the bits of their numbers. Any two handles differ in one bit, so
// one of the halves separates two handles that the body compares with each other.
function* probes(handles: number, literals: readonly unknown[]): Generator<Pick<Replacement, 'value' | 'replaces'>> {
  for (const value of [null, false, true, 0, 1, '', [], ...literals]) yield { value, replaces: () => true }
  for (let bit = 1; bit < handles; bit *= 2)
    for (const side of [0, bit]) yield { value: null, replaces: (handle) => (handle & bit) === side }
}

/** The shortest time limit. A body that built its graph faster before and exceeds this is taken for an endless loop. */
const LEAST_MS = 1000

interface Rebuilt {
  readonly graph?: Graph
  readonly error?: unknown
  /** For each node, if traced, an error whose stack shows where it was added. */
  readonly places: readonly (Error | undefined)[]
}

/**
 * Rebuilds the graph with replaced handles. Retries on a busy machine: the limit is CPU time, but the timer measures wall
 * time.
 *
 * @param traced whether to note where each node is added, which costs more than adding it
 */
function rebuild(build: (probe: Probe) => BuiltGraph, probe: Replacement, traced = false): Rebuilt {
  for (let ms = probe.limit.ms; ; ms *= 2) {
    const started = process.threadCpuUsage()
    const places = new Map<string, Error | undefined>()
    try {
      const { graph } = build({ ...probe, limit: { ...probe.limit, ms }, places, traced })
      return { graph, places: [...places.values()] }
    } catch (error) {
      const isLate = (error as { code?: unknown } | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      if (!isLate || cpuMsSince(started) >= probe.limit.ms / 2) return { error, places: [...places.values()] }
    }
  }
}

function cpuMsSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(started)
  return (user + system) / 1000
}

/** Returns an error whose stack shows where a body first builds something else. */
function placeOf(one: Rebuilt, { places, error }: Rebuilt, at: number): unknown {
  if (error instanceof Error && !(error instanceof CairnError) && !('code' in error)) return error // thrown by the body itself
  const parted = one.places.findIndex((place, index) => place?.stack !== places[index]?.stack)
  const index = parted < 0 ? Math.min(at, places.length) : parted
  return places[index] ?? one.places[index] ?? error ?? one.places.at(-1)
}

/** The index of the first node that differs; undefined if the two graphs are equal. */
function differenceIn(
  { graph, numberOf }: BuiltGraph,
  again: Rebuilt,
  { value, replaces }: Replacement,
): number | undefined {
  const other = again.graph
  if (!other) return again.places.length
  const places = new Map([...graph.nodes.keys()].map((id, at) => [id, at]))
  const others = new Map([...other.nodes.keys()].map((id, at) => [id, at]))
  const [nodes, otherNodes] = [[...graph.nodes.values()], [...other.nodes.values()]]
  const at = nodes.findIndex((node, index) => !otherNodes[index] || !isSameNode(node, otherNodes[index]))
  if (at >= 0) return at
  const isSame =
    nodes.length === otherNodes.length &&
    isSameRecord(graph.outputs, other.outputs, isSameRef) &&
    [...graph.frames].every(([id, { given }]) => isSameRecord(given, other.frames.get(id)?.given, isSameSetting))
  return isSame ? undefined : nodes.length

  function isSameNode(a: Node, b: Node): boolean {
    const around = ({ scope, guards }: Node, at: Map<string, number>) =>
      canonical([scope.map((id) => at.get(id)!), guards.map(({ when, arm }) => [at.get(when)!, arm])])
    const isPlain = [a, b].every(({ scope, guards }) => scope.length + guards.length === 0)
    if (!isPlain && around(a, places) !== around(b, others)) return false
    if (a.type === 'step' && b.type === 'step')
      return (
        a.id === b.id &&
        a.step.name === b.step.name &&
        isSameRecord(a.inputs, b.inputs, isSameRef) &&
        isSameRecord(a.params, b.params, isSameSetting)
      )
    if (a.type === 'each' && b.type === 'each')
      return (
        isSameRef(a.over, b.over) &&
        canonical([a.batch, { ...a.tolerate }]) === canonical([b.batch, { ...b.tolerate }]) &&
        isSameRecord(a.collects, b.collects, isSameRef)
      )
    return (
      a.type === 'when' &&
      b.type === 'when' &&
      isSameRef(a.condition, b.condition) &&
      isSameRecord(a.then, b.then, isSameRef) &&
      isSameRecord(a.otherwise, b.otherwise, isSameRef)
    )
  }

  function isSameRef(a: Ref | ParamRef, b: Ref | ParamRef): boolean {
    if (isStandIn(b)) return replaces(numberOf(a))
    if ('param' in a) return 'param' in b && a.param === b.param && a.frame === b.frame
    if ('item' in a) return 'item' in b && places.get(a.item) === others.get(b.item)
    return 'node' in b && places.get(a.node) === others.get(b.node) && a.output === b.output
  }

  function isSameSetting(a: Setting, b: Setting): boolean {
    if (isStandIn(b))
      return 'param' in a ? replaces(numberOf(a)) : canonical(a.value) === canonical(value, 'what replaces in')
    if ('param' in a || 'param' in b) return 'param' in a && 'param' in b && isSameRef(a, b)
    return canonical(a.value) === canonical(b.value)
  }
}

function isSameRecord<Value>(
  a: Readonly<Record<string, Value>>,
  b: Readonly<Record<string, Value>> = {},
  isSameValue: (a: Value, b: Value) => boolean,
): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSameValue(a[name]!, b[name]!))
  )
}

/** Finds the number and string literals in the source text of a function, at most 50. */
export function literalsIn(text: string): unknown[] {
  const found = new Set<unknown>()
  for (const [, double, single, number] of text.matchAll(/"([^"\n]*)"|'([^'\n]*)'|\b(\d+(?:\.\d+)?)\b/g))
    found.add(double ?? single ?? Number(number))
  return [...found].slice(0, MOST_LITERALS)
}
const MOST_LITERALS = 50
