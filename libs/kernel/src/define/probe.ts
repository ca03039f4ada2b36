import { CairnError } from '../errors.ts'
import { canonical } from '../json.ts'
import type { Graph, Node, ParamRef, Ref, Setting } from './graph.ts'

/** A value that is put in the place of some handles while a pipeline is drawn once more. */
export interface Probe {
  readonly value: unknown
  /** By the handle's number. */
  readonly stands: (handle: number) => boolean
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
  const none = { value: null, stands: () => false }
  if (!isSame(first, tried(draw, none), none)) return // it draws something else each time, for whatever reason
  for (const probe of probes(first.handles.length, literals)) {
    if (isSame(first, tried(draw, probe), probe)) continue
    const alone = first.handles.find((_, handle) => {
      const only = { ...probe, stands: (other: number) => other === handle }
      return !isSame(first, tried(draw, only), only)
    })
    throw new CairnError(
      'BAD_DEFINITION',
      `${alone ?? `one of ${first.handles.join(', ')}`} has no value while the pipeline is being drawn`,
      { next: 'compute with it inside a step; to choose between steps, use when(condition, then, otherwise)' },
    )
  }
}

/** All of the handles at once; then, for what is chosen of two, such halves that any two are apart in one of them. */
function* probes(handles: number, literals: readonly unknown[]): Generator<Probe> {
  for (const value of [null, false, true, 0, 1, '', [], ...literals]) yield { value, stands: () => true }
  for (let bit = 1; bit < handles; bit *= 2)
    for (const side of [0, bit]) yield { value: null, stands: (handle) => (handle & bit) === side }
}

function tried(draw: (probe: Probe) => Drawn, probe: Probe): Graph | undefined {
  try {
    return draw(probe).graph
  } catch {
    return undefined
  }
}

function isSame({ graph, numberOf }: Drawn, other: Graph | undefined, { value, stands }: Probe): boolean {
  if (!other || graph.nodes.size !== other.nodes.size) return false
  const places = new Map([...graph.nodes.keys()].map((id, at) => [id, at]))
  const others = new Map([...other.nodes.keys()].map((id, at) => [id, at]))
  const pairs = [...graph.nodes.values()].map((node, at) => [node, [...other.nodes.values()][at]!] as const)
  return (
    pairs.every(([a, b]) => isSameNode(a, b)) &&
    isSameRecord(graph.outputs, other.outputs, isSameRef) &&
    [...graph.frames].every(([id, { given }]) => isSameRecord(given, other.frames.get(id)?.given, isSameSetting))
  )

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
