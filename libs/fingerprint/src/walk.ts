import { compareEvaluation, effectOrder, type EffectOrder } from './effect-order.ts'
import type { External, Links, Part, Target } from './link.ts'
import type { Module } from './modules.ts'
import { refuse } from './analyse/syntax.ts'
import type { Writers } from './writers.ts'

/** Where a closure begins. */
export interface Root {
  readonly target: { readonly part: Part; readonly binding: number } | { readonly external: External }
  /** For a `step`, only the properties of its body count; for a `value`, the whole declaration. */
  readonly of: 'step' | 'value'
  readonly role: 'body' | 'fallback'
}

/** Everything in a closure. Parts are numbered in the order in which they are first reached. */
export interface Walk {
  readonly root: Root
  readonly parts: readonly Part[]
  readonly numbers: ReadonlyMap<Part, number>
  /** For each part, the index of the part that first reached it; -1 for the root. */
  readonly via: readonly number[]
  readonly externals: readonly { readonly external: External; readonly via: number }[]
  readonly order: EffectOrder
}

/** Identifies the source text and the position of each part, for cache keys of results that contain positions. */
export function positionsIn({ root, parts }: Walk): (string | number)[] {
  return [root.role, ...parts.flatMap(({ module: { path, hash }, type, index }) => [path, hash, type, index])]
}

/**
 * Collects everything that a closure consists of.
 *
 * @throws CairnError BAD_DEFINITION with file and line for code that cannot be cut out
 */
export function walk(root: Root, links: Links, writers: Writers): Walk {
  const parts: Part[] = []
  const via: number[] = []
  const numbers = new Map<Part, number>()
  const externals: { external: External; via: number }[] = []
  const entered = new Set<Module>()
  let found: { part: Part; by: number }[] = []

  reach(root.target, -1)
  for (let next = 0; next < parts.length;) {
    while (next < parts.length) follow(parts[next]!, next++)
    // Nothing refers to writers. They follow what they change, in evaluation order.
    const batch = found.sort((a, b) => a.by - b.by || compareEvaluation(a.part, b.part))
    found = []
    for (const { part, by } of batch) add(part, by)
  }
  return { root, parts, numbers, via, externals, order: effectOrder(parts, numbers, writers) }

  function add(part: Part, by: number): void {
    if (numbers.has(part)) return
    numbers.set(part, parts.length)
    parts.push(part)
    via.push(by)
    for (const writer of writers.changing(part)) found.push({ part: writer.part, by: parts.length - 1 })
  }

  function follow(part: Part, number: number): void {
    if (part.code.fault) throw refuse(part.module.path, part.code.fault)
    enter(part.module, number)
    for (const { target, through } of links.of(part)) {
      for (const module of through) enter(module, number)
      reach(target, number)
    }
  }

  function reach(target: Target, by: number): void {
    if ('refusal' in target) throw target.refusal
    if ('part' in target) add(target.part, by)
    else if ('external' in target) externals.push({ external: target.external, via: by })
  }

  /** Adds what loading a module changes outside itself. The closure has a part in the module, or reaches through it. */
  function enter(module: Module, by: number): void {
    if (entered.has(module)) return
    entered.add(module)
    for (const writer of writers.changingGlobals(module)) found.push({ part: writer.part, by })
    for (const [index, { how }] of module.analysis.requests.entries()) {
      if (how !== 'effect') continue
      const imported = links.imported(module, index)
      if (imported?.analysis.fault) throw refuse(imported.path, imported.analysis.fault)
      if (imported) enter(imported, by)
      else if (module.resolved[index]!.type !== 'cairn') found.push({ part: links.part(module, index, 'effect'), by })
    }
  }
}
