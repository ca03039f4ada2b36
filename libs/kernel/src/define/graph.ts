import type { AnyKind } from './kind.ts'
import type { Json } from '../json.ts'
import type { Guard, ParamRef, Ref } from './ref.ts'
import type { AnySchema } from './schema.ts'
import type { Step } from './step-definition.ts'

/** What a pipeline's graph says: the places in it and what flows between them. Nodes come after what they read. */
export interface Graph {
  readonly name: string
  readonly nodes: ReadonlyMap<string, Node>
  readonly outputs: Readonly<Record<string, Ref>>
  /** The pipeline itself is frame ``; a pipeline used inside it is a frame of its own. */
  readonly frames: ReadonlyMap<string, Frame>
}

export type Node = StepNode | EachNode | WhenNode

interface AnyNode {
  /** The step's name, unless another was given; behind `<place>.` when it stands in a pipeline used inside another. */
  readonly id: string
  /** The `each` nodes around it, outermost first. */
  readonly scope: readonly string[]
  /** The arms of `when` nodes around it. */
  readonly guards: readonly Guard[]
  /** Kinds of what it gives, by name. */
  readonly outputs: Readonly<Record<string, AnyKind>>
}
export interface StepNode extends AnyNode {
  readonly type: 'step'
  readonly step: Step
  readonly inputs: Readonly<Record<string, Ref>>
  readonly params: Readonly<Record<string, Setting>>
}
/** Maps its body, the nodes that have it last in their scope, over a list; gives the lists of the results. */
export interface EachNode extends AnyNode {
  readonly type: 'each'
  readonly over: Ref
  /** Items a batch: a batch is what is dispatched, retried and recorded as one task. */
  readonly batch: number
  readonly tolerate: Tolerance
  /** Which results of the body become its outputs. */
  readonly collects: Readonly<Record<string, Ref>>
}
/** Gives the outputs of the arm that its condition chooses. */
export interface WhenNode extends AnyNode {
  readonly type: 'when'
  readonly condition: Ref | ParamRef
  readonly then: Readonly<Record<string, Ref>>
  readonly otherwise: Readonly<Record<string, Ref>>
}

/** What a parameter is set to: a value, or whatever a run parameter will be. */
export type Setting = { readonly value: Json } | ParamRef
/** How many items of an `each` may fail and be left out of its results. */
export interface Tolerance {
  readonly items?: number
  /** Of all items, from 0 to 1. */
  readonly share?: number
}
export interface Frame {
  readonly params: AnySchema | undefined
  readonly given: Readonly<Record<string, Setting>>
}
