import type { Node } from '../analyse/syntax.ts'

/** Something that outlives a call of a step's body: a variable of a module, or what an enclosing call has left. */
export interface Root {
  readonly name: string
  /** What it was first set to, where that is known. */
  readonly init?: Node
  /** What it holds at first can itself not be changed. */
  readonly flat?: boolean
  /** Loading has put something into it. */
  filled?: true
  /** An export of a package, or of Node. */
  readonly external?: 'package' | 'builtin'
}

/** What an expression may give, as far as it matters here. */
export interface Value {
  /** The value may be part of these. */
  readonly self: ReadonlySet<Root>
  /** It is new, but holds parts of these. */
  readonly inner: ReadonlySet<Root>
  /** Functions and classes of the project that it may be or hold. */
  readonly functions: ReadonlySet<Node>
}

const EMPTY: ReadonlySet<never> = new Set()
export const NOTHING: Value = { self: EMPTY, inner: EMPTY, functions: EMPTY }

export function join(...values: readonly Value[]): Value {
  const some = values.filter((value) => value !== NOTHING)
  if (some.length === 0) return NOTHING
  if (some.length === 1) return some[0]!
  return {
    self: union(some.map(({ self }) => self)),
    inner: union(some.map(({ inner }) => inner)),
    functions: union(some.map(({ functions }) => functions)),
  }
}

/** What is got out of a value: a member, an item. */
export function memberOf(value: Value): Value {
  if (value === NOTHING) return NOTHING
  const parts = [...value.self].filter(({ flat, filled }) => !flat || filled)
  return { self: union([new Set(parts), value.inner]), inner: EMPTY, functions: value.functions }
}

/** Something new that holds the values. */
export function holding(...values: readonly Value[]): Value {
  const held = join(...values)
  if (held === NOTHING) return NOTHING
  return { self: EMPTY, inner: union([held.self, held.inner]), functions: held.functions }
}

export function sizeOf({ self, inner, functions }: Value): number {
  return self.size + inner.size + functions.size
}

function union<Item>(sets: readonly ReadonlySet<Item>[]): ReadonlySet<Item> {
  const some = sets.filter(({ size }) => size > 0)
  if (some.length === 0) return EMPTY
  return some.length === 1 ? some[0]! : new Set(some.flatMap((set) => [...set]))
}
