import { CairnError } from '../errors.ts'
import { canonical } from '../json.ts'
import type { Graph, Node, Setting } from './graph.ts'
import type { ParamRef, Ref } from './ref.ts'

/** A value that is put in the place of some handles while a pipeline is drawn once more. */
interface Replacement {
  readonly value: unknown
  /** By the handle's number. */
  readonly stands: (handle: number) => boolean
  /** How long the body may take, and how many nodes it may draw. */
  readonly limit: { readonly ms: number; readonly nodes: number }
}

export interface Probe extends Replacement {
  /** Is told where each node was drawn. */
  readonly places: Map<string, Error>
}

export interface Drawn {
  readonly graph: Graph
  /** What each handle is called, by its number: they are counted as they are made. */
  readonly handles: readonly string[]
  readonly numberOf: (ref: Ref | ParamRef) => number
}

/** What a reference is that a probe stands for. */
export const STAND_IN = { node: '', output: '', param: '', frame: '' } as const

/** Told by its fields: the pipeline may have been drawn by another copy of this module. */
function isStandIn(value: object): boolean {
  return 'node' in value && 'param' in value
}

/**
 * Draws a pipeline again with other values in the place of its handles. Nothing can be asked of a handle but its truth, its
 * type and whether it equals something; a body that asks for that draws something else for one of these values.
 *
 * @param literals what the body may compare a handle with
 * @throws CairnError BAD_DEFINITION for one that does
 */
export function refuseLooks(first: Drawn, draw: (probe?: Probe) => Drawn, literals: readonly unknown[]): void {
  const started = process.threadCpuUsage()
  draw()
  const ms = Math.max(LEAST_MS, 1000 * cpuMsSince(started))
  const limit = { ms, nodes: 1000 + 10 * first.graph.nodes.size }
  const none = { value: null, stands: () => false, limit }
  if (differenceIn(first, drawnAgain(draw, none), none) !== undefined) return // it draws something else each time, for whatever reason
  for (const each of probes(first.handles.length, literals)) {
    const probe = { ...each, limit }
    const again = drawnAgain(draw, probe)
    const at = differenceIn(first, again, probe)
    if (at === undefined) continue
    const alone = lookedAt(first, draw, probe)
    throw new CairnError(
      'BAD_DEFINITION',
      `${alone?.called ?? `one of ${first.handles.join(', ')}`} has no value while the pipeline is being drawn`,
      {
        next: 'compute with it inside a step; to choose between steps, use when(condition, then, otherwise)',
        cause: placeOf(drawnAgain(draw, none), alone?.again ?? again, alone?.at ?? at),
      },
    )
  }
}

/** The first handle for which the pipeline is another one if it alone is replaced. */
function lookedAt(first: Drawn, draw: (probe: Probe) => Drawn, probe: Replacement) {
  for (const [handle, called] of first.handles.entries()) {
    const only = { ...probe, stands: (other: number) => other === handle }
    const again = drawnAgain(draw, only)
    const at = differenceIn(first, again, only)
    if (at !== undefined) return { called, again, at }
  }
  return undefined
}

/** All of the handles at once; then, for what is chosen of two, such halves that any two are apart in one of them. */
function* probes(handles: number, literals: readonly unknown[]): Generator<Pick<Replacement, 'value' | 'stands'>> {
  for (const value of [null, false, true, 0, 1, '', [], ...literals]) yield { value, stands: () => true }
  for (let bit = 1; bit < handles; bit *= 2)
    for (const side of [0, bit]) yield { value: null, stands: (handle) => (handle & bit) === side }
}

/** A body that has drawn itself in no time once, and does not end within this, does not end. */
const LEAST_MS = 1000

interface DrawnAgain {
  readonly graph?: Graph
  readonly error?: unknown
  /** An error for each node, whose stack names where it was drawn. */
  readonly places: readonly Error[]
}

/** What counts is the time that this thread computes: beside others it gets less of it, and is given longer. */
function drawnAgain(draw: (probe: Probe) => Drawn, probe: Replacement): DrawnAgain {
  for (let ms = probe.limit.ms; ; ms *= 2) {
    const started = process.threadCpuUsage()
    const places = new Map<string, Error>()
    try {
      const { graph } = draw({ ...probe, limit: { ...probe.limit, ms }, places })
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

/** An error whose stack names the place at which a body first does something else. */
function placeOf(one: DrawnAgain, { places, error }: DrawnAgain, at: number): unknown {
  if (error instanceof Error && !(error instanceof CairnError) && !('code' in error)) return error // it stumbled
  const parted = one.places.findIndex(({ stack }, index) => stack !== places[index]?.stack)
  const index = parted < 0 ? Math.min(at, places.length) : parted
  return places[index] ?? one.places[index] ?? error ?? one.places.at(-1)
}

/** The number of the first node that is another one; undefined if the two pipelines are the same. */
function differenceIn(
  { graph, numberOf }: Drawn,
  again: DrawnAgain,
  { value, stands }: Replacement,
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
    if (around(a, places) !== around(b, others)) return false
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
    if (isStandIn(b)) return stands(numberOf(a))
    if ('param' in a) return 'param' in b && a.param === b.param && a.frame === b.frame
    if ('item' in a) return 'item' in b && places.get(a.item) === others.get(b.item)
    return 'node' in b && places.get(a.node) === others.get(b.node) && a.output === b.output
  }

  function isSameSetting(a: Setting, b: Setting): boolean {
    if (isStandIn(b))
      return 'param' in a ? stands(numberOf(a)) : canonical(a.value) === canonical(value, 'what stands in')
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

/** What stands in the text of a function as a number or in quotes. */
export function literalsIn(text: string): unknown[] {
  const found = new Set<unknown>()
  for (const [, double, single, number] of text.matchAll(/"([^"\n]*)"|'([^'\n]*)'|\b(\d+(?:\.\d+)?)\b/g))
    found.add(double ?? single ?? Number(number))
  return [...found].slice(0, MOST_LITERALS)
}
const MOST_LITERALS = 50
