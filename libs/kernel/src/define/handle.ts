import { CairnError } from '../errors.ts'
import type { AnyKind, Kinds, Read } from './kind.ts'
import type { Guard, ParamRef, Ref } from './graph.ts'

declare const HOLDS: unique symbol

/** Stands for an artifact while a pipeline is being drawn; there is no value yet. */
export interface Handle<out Value> {
  readonly [HOLDS]: Value
}
/** Stands for a run parameter while a pipeline is being drawn. */
export interface Param<out Value> {
  readonly [HOLDS]: Value
}
export type Handles<K extends Kinds> = { readonly [Name in keyof K]: Handle<Read<K[Name]>> }

/** Where a handle may be used: in the drawing that made it, inside its `each` and its arm of a `when`. */
export interface Place {
  readonly drawing: object
  readonly scope: readonly string[]
  readonly guards: readonly Guard[]
}

class Symbolic {
  readonly called: string

  /** Every look at it is refused but those of Cairn itself and of what prints it. */
  constructor(called: string) {
    this.called = called
    return new Proxy(this, {
      get(target, name, receiver) {
        if (name in target || (typeof name === 'symbol' && name !== Symbol.iterator && name !== Symbol.asyncIterator))
          return Reflect.get(target, name, receiver) as unknown
        throw new CairnError('BAD_DEFINITION', `${called} has no ${String(name)} while the pipeline is being drawn`, {
          next: OF_LISTS.has(name)
            ? `to call steps for each item, use each(list, (item) => …); what needs all of it is computed inside a step`
            : 'compute with it inside a step',
        })
      },
    })
  }

  // Reached by arithmetic, comparison and templates. Truth and identity cannot be caught here: the lint names those.
  [Symbol.toPrimitive](): never {
    throw new CairnError('BAD_DEFINITION', `${this.called} has no value while the pipeline is being drawn`, {
      next: 'compute with it inside a step; to choose between steps, use when(condition, then, otherwise)',
    })
  }
}

/** What lists offer to go through their items. */
const OF_LISTS: ReadonlySet<string | symbol> = new Set([
  ...Object.getOwnPropertyNames(Array.prototype),
  Symbol.iterator,
  Symbol.asyncIterator,
  'all',
  '0',
])

export class HandleNode extends Symbolic {
  readonly ref: Ref
  readonly kind: AnyKind
  readonly place: Place

  constructor(ref: Ref, kind: AnyKind, place: Place) {
    super('item' in ref ? `the item of ${ref.item}` : `${ref.node}.${ref.output}`)
    this.ref = ref
    this.kind = kind
    this.place = place
  }
}

export class ParamNode extends Symbolic {
  readonly ref: ParamRef
  readonly drawing: object

  constructor(ref: ParamRef, drawing: object) {
    super(`parameter ${ref.param}`)
    this.ref = ref
    this.drawing = drawing
  }
}
