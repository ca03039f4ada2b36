import { compareEvaluation, effectOrder, type EffectOrder } from './effect-order.ts'
import type { External, Links, Part, Target } from './link.ts'
import type { Module } from './modules.ts'
import { refuse } from './analyse/syntax.ts'
import type { Writers } from './writers.ts'

/** Where a closure begins. */
export interface Root {
  readonly target: { readonly part: Part; readonly binding: number } | { readonly external: External }
  /** `step` is written out, so only what makes its body counts; of a `value` the whole declaration does. */
  readonly of: 'step' | 'value'
  readonly role: 'body' | 'fallback'
}

/** All that a closure consists of, numbered in the order in which it is first reached. */
export interface Walk {
  readonly root: Root
  readonly parts: readonly Part[]
  readonly numbers: ReadonlyMap<Part, number>
  /** By which part each was first reached; -1 for the first. */
  readonly via: readonly number[]
  readonly externals: readonly { readonly external: External; readonly via: number }[]
  readonly order: EffectOrder
}

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
    // What nothing refers to follows what it changes, in the order of evaluation.
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

  /** A module that a closure has a part in is loaded with all that loading it does to the outside. */
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
