import { CairnError } from '../errors.ts'
import type { AnyKind, Kinds, Read } from './kind.ts'
import type { Guard, ParamRef, Ref } from './ref.ts'

declare const VALUE: unique symbol

/** Stands for an artifact while a pipeline is being built. It has no value yet; pass it on to steps. */
export interface Handle<out Value> {
  readonly [VALUE]: Value
}
/** Stands for a run parameter while a pipeline is being built. It has no value yet; pass it on to steps. */
export interface Param<out Value> {
  readonly [VALUE]: Value
}
/** A handle for each kind, by name: what the call of a step returns. */
export type Handles<K extends Kinds> = { readonly [Name in keyof K]: Handle<Read<K[Name]>> }

/** The graph builder that made a handle, as far as the handle needs it. */
interface HandleOwner {
  /** The error of the first inspection of one of its handles. */
  fault?: CairnError | undefined
  /** Whether it builds the pipeline with other values in place of handles. The kinds of those are unknown. */
  readonly isProbe: boolean
}

/** Where a handle may be used: in the graph that made it, inside the same `each` nodes and the same arms of `when`. */
export interface HandleScope {
  readonly builder: HandleOwner
  readonly scope: readonly string[]
  readonly guards: readonly Guard[]
}

/** The artifact that a handle stands for. */
export class HandleNode {
  readonly ref: Ref
  readonly kind: AnyKind
  readonly place: HandleScope

  constructor(ref: Ref, kind: AnyKind, place: HandleScope) {
    this.ref = ref
    this.kind = kind
    this.place = place
  }

  get called(): string {
    return 'item' in this.ref ? `the item of ${this.ref.item}` : `${this.ref.node}.${this.ref.output}`
  }
}

/** The run parameter that a handle stands for. */
export class ParamNode {
  readonly ref: ParamRef
  readonly builder: HandleOwner

  constructor(ref: ParamRef, builder: HandleOwner) {
    this.ref = ref
    this.builder = builder
  }

  get called(): string {
    return `parameter ${this.ref.param}`
  }
}

const nodes = new WeakMap<object, HandleNode | ParamNode>()

/** Makes the handle that a pipeline's body receives. It can be passed on; every other operation on it throws. */
export function handleOf(node: HandleNode | ParamNode): object {
  const handle = new Proxy(Object.freeze({}), inspectionTraps(node))
  nodes.set(handle, node)
  return handle
}

/** Returns the node of a handle; undefined for any other value. */
export function nodeOf(handle: unknown): HandleNode | ParamNode | undefined {
  return typeof handle === 'object' && handle !== null ? nodes.get(handle) : undefined
}

/** Returns the entries of an object of handles. @throws CairnError BAD_WIRING when a single handle is given instead */
export function namedFields(given: object | null | undefined, what: string): [string, unknown][] {
  const node = nodeOf(given)
  if (!node) return Object.entries(given ?? {})
  const name = 'param' in node.ref ? node.ref.param : 'output' in node.ref ? node.ref.output : 'item'
  throw new CairnError('BAD_WIRING', `${what} must be an object of named outputs, but it is ${node.called}`, {
    next: `write { ${name} }`,
  })
}

/** Refuses every operation that a proxy can trap. A probe finds those that none can: truth, `typeof` and equality. */
function inspectionTraps(node: HandleNode | ParamNode): ProxyHandler<object> {
  const refuse = (): never => {
    throw inspectionError(node)
  }
  return {
    get: (_, key) => {
      throw inspectionError(node, key)
    },
    set: refuse,
    has: refuse,
    ownKeys: refuse,
    deleteProperty: refuse,
    defineProperty: refuse,
    getOwnPropertyDescriptor: refuse,
    getPrototypeOf: refuse,
    setPrototypeOf: refuse,
    isExtensible: refuse,
    preventExtensions: refuse,
  }
}

function inspectionError(node: HandleNode | ParamNode, key?: string | symbol): CairnError {
  const isMember = (typeof key === 'string' && !(key in Object.prototype)) || ITERATORS.has(key)
  const isList = isMember && OF_LISTS.has(key)
  const error = new CairnError(
    'BAD_DEFINITION',
    `${node.called} has no ${isMember ? String(key) : 'value'} while the pipeline is being built`,
    {
      next: isList
        ? `to call steps for each item, use each(list, (item) => …); to use the whole list, pass it to a step`
        : isMember
          ? 'use the value inside a step'
          : 'use the value inside a step; to choose between steps, use when(condition, then, otherwise)',
    },
  )
  const builder = node instanceof HandleNode ? node.place.builder : node.builder
  builder.fault ??= error
  return error
}

const ITERATORS: ReadonlySet<unknown> = new Set([Symbol.iterator, Symbol.asyncIterator])

/** Members with which code goes through a list. They change the hint of the error. */
const OF_LISTS: ReadonlySet<unknown> = new Set([
  ...Object.getOwnPropertyNames(Array.prototype),
  ...ITERATORS,
  'all',
  '0',
])
