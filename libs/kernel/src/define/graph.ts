import type { AnyKind } from './kind.ts'
import type { Json } from '../json.ts'
import type { Guard, ParamRef, Ref } from './ref.ts'
import type { AnySchema } from './schema.ts'
import type { Step } from './step-definition.ts'

/** A pipeline as a graph: its nodes and the references between them. A node comes after the nodes that it reads. */
export interface Graph {
  readonly name: string
  readonly nodes: ReadonlyMap<string, Node>
  readonly outputs: Readonly<Record<string, Ref>>
  /** By id. The pipeline itself has the empty id; each pipeline used inside it has a frame of its own. */
  readonly frames: ReadonlyMap<string, Frame>
}

export type Node = StepNode | EachNode | WhenNode

interface AnyNode {
  /** The step's name or the name given with `as`. In a pipeline used inside another, `<frame>.` precedes it. */
  readonly id: string
  /** The ids of the `each` nodes around it, outermost first. */
  readonly scope: readonly string[]
  /** The arms of `when` nodes around it, within the innermost `each`. */
  readonly guards: readonly Guard[]
  /** The kinds of its outputs, by name. */
  readonly outputs: Readonly<Record<string, AnyKind>>
}
export interface StepNode extends AnyNode {
  readonly type: 'step'
  readonly step: Step
  readonly inputs: Readonly<Record<string, Ref>>
  readonly params: Readonly<Record<string, Setting>>
}
/** Maps its body over a list and returns lists. The body is every node whose scope ends with this id. */
export interface EachNode extends AnyNode {
  readonly type: 'each'
  readonly over: Ref
  /** Items per batch. A batch is dispatched and recorded as one task; a retry repeats only its failed items. */
  readonly batch: number
  /** Failures that do not fail the node. Empty if none was declared: then no item may fail. */
  readonly tolerate: Tolerance
  /** Which results of the body become its outputs. */
  readonly collects: Readonly<Record<string, Ref>>
}
/** Passes on the outputs of the arm that its condition chooses. */
export interface WhenNode extends AnyNode {
  readonly type: 'when'
  readonly condition: Ref | ParamRef
  readonly then: Readonly<Record<string, Ref>>
  readonly otherwise: Readonly<Record<string, Ref>>
}

/** What a parameter is set to: a value, or a run parameter whose value is known when a run is planned. */
export type Setting = { readonly value: Json } | ParamRef
/** How many items of an `each` may fail and be left out of its results. With both fields, the larger number applies. */
export interface Tolerance {
  /** The number of items. @default 0 */
  readonly items?: number
  /** The share of all items, from 0 to 1. @default 0 */
  readonly share?: number
}
/** A pipeline within the graph: the schema of its parameters, and what they are set to. */
export interface Frame {
  readonly params: AnySchema | undefined
  readonly given: Readonly<Record<string, Setting>>
}
