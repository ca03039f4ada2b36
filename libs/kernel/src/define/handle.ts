import { CairnError } from '../errors.ts'
import type { AnyKind, Kinds, Read } from './kind.ts'
import type { Guard, ParamRef, Ref } from './ref.ts'

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

/** A graph builder keeps the first look at one of its handles. */
interface Watched {
  fault?: CairnError | undefined
  /** Whether it builds a graph in which other values stand in for handles: then their kinds are not known. */
  readonly isProbe: boolean
}

/** Where a handle may be used: in the graph builder that made it, inside its `each` and its arm of a `when`. */
export interface Place {
  readonly builder: Watched
  readonly scope: readonly string[]
  readonly guards: readonly Guard[]
}

/** What a handle of an artifact stands for. */
export class HandleNode {
  readonly ref: Ref
  readonly kind: AnyKind
  readonly place: Place

  constructor(ref: Ref, kind: AnyKind, place: Place) {
    this.ref = ref
    this.kind = kind
    this.place = place
  }

  get called(): string {
    return 'item' in this.ref ? `the item of ${this.ref.item}` : `${this.ref.node}.${this.ref.output}`
  }
}

/** What the handle of a run parameter stands for. */
export class ParamNode {
  readonly ref: ParamRef
  readonly builder: Watched

  constructor(ref: ParamRef, builder: Watched) {
    this.ref = ref
    this.builder = builder
  }

  get called(): string {
    return `parameter ${this.ref.param}`
  }
}

const nodes = new WeakMap<object, HandleNode | ParamNode>()

/** What the pipeline's body gets: it can be passed on, and any look at it is refused. */
export function handleOf(node: HandleNode | ParamNode): object {
  const handle = new Proxy(Object.freeze({}), looking(node))
  nodes.set(handle, node)
  return handle
}

/** What a handle stands for; undefined for anything else. */
export function nodeOf(handle: unknown): HandleNode | ParamNode | undefined {
  return typeof handle === 'object' && handle !== null ? nodes.get(handle) : undefined
}

/** The fields of what stands where handles are given by name. */
export function namedFields(given: object | null | undefined, what: string): [string, unknown][] {
  const node = nodeOf(given)
  if (!node) return Object.entries(given ?? {})
  const name = 'param' in node.ref ? node.ref.param : 'output' in node.ref ? node.ref.output : 'item'
  throw new CairnError('BAD_WIRING', `${what} is ${node.called} alone, without a name`, { next: `write { ${name} }` })
}

/** All that an object can be asked. Its truth, type and identity it is not asked for: the lint names those. */
function looking(node: HandleNode | ParamNode): ProxyHandler<object> {
  const refuse = (): never => {
    throw looked(node)
  }
  return {
    get: (_, key) => {
      throw looked(node, key)
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

function looked(node: HandleNode | ParamNode, key?: string | symbol): CairnError {
  const isMember = (typeof key === 'string' && !(key in Object.prototype)) || ITERATORS.has(key)
  const isList = isMember && OF_LISTS.has(key)
  const error = new CairnError(
    'BAD_DEFINITION',
    `${node.called} has no ${isMember ? String(key) : 'value'} while the pipeline is being drawn`,
    {
      next: isList
        ? `to call steps for each item, use each(list, (item) => …); what needs all of it is computed inside a step`
        : isMember
          ? 'compute with it inside a step'
          : 'compute with it inside a step; to choose between steps, use when(condition, then, otherwise)',
    },
  )
  const builder = node instanceof HandleNode ? node.place.builder : node.builder
  builder.fault ??= error
  return error
}

const ITERATORS: ReadonlySet<unknown> = new Set([Symbol.iterator, Symbol.asyncIterator])

/** What lists offer to go through their items. */
const OF_LISTS: ReadonlySet<unknown> = new Set([
  ...Object.getOwnPropertyNames(Array.prototype),
  ...ITERATORS,
  'all',
  '0',
])
