import { LOADED } from './analyse/touch.ts'
import type { Links, Part } from './link.ts'
import { append, LoadGraph, type Hung, type Writer } from './load-graph.ts'
import type { Module, Modules } from './modules.ts'

/**
 * Code that belongs to a closure although nothing refers to it: `table.set('a', 1)` belongs to closures with `table`.
 */
export interface Writers {
  of(part: Part): Writer | undefined
  changing(part: Part): readonly Writer[]
  changingGlobals(module: Module): readonly Writer[]
  /** The parts whose changes may affect the loading of this part. */
  readBy(part: Part): ReadonlySet<Part>
}

/** Finds all top-level code of the modules that changes state while it loads. */
export function findWriters(modules: Modules, links: Links): Writers {
  const byPart = new Map<Part, Writer>()
  const byWritten = new Map<Part, Writer[]>()
  const byModule = new Map<Module, Writer[]>()

  const running: Part[] = []
  for (const module of modules.values())
    if (!module.analysis.fault)
      for (const [index, { code }] of module.analysis.units.entries())
        if (code.runs) running.push(links.part(module, index))
  const hung = hungOn(running, links)
  running.push(...hiddenReaders(modules, links, hung))
  const graph = new LoadGraph(links, running, hung)
  for (const part of running) {
    const writer = graph.changesAnything(part) ? graph.writer(part) : undefined
    if (!writer) continue
    byPart.set(part, writer)
    for (const written of writer.written) append(byWritten, written, writer)
    if (writer.changesGlobals) append(byModule, part.module, writer)
  }
  return {
    of: (part) => byPart.get(part),
    changing: (part) => byWritten.get(part) ?? [],
    changingGlobals: (module) => byModule.get(module) ?? [],
    readBy: (part) => graph.readBy(part),
  }
}

/** Finds the statements that attach functions to a part which run without being called, by part. */
function hungOn(running: readonly Part[], links: Links): Hung {
  const hung = new Map<Part, Part[]>()
  const statements = running.filter(({ code, module, index }) => {
    return code.hides && module.analysis.units[index]?.what === 'statement'
  })
  if (statements.length === 0) return hung
  const graph = new LoadGraph(links, running, hung)
  for (const statement of statements)
    for (const written of graph.writer(statement)?.written ?? [])
      if (written !== statement) append(hung, written, statement)
  return hung
}

/**
 * Parts that call nothing while they load, but may still run code, for example a getter of an object that they read.
 */
function hiddenReaders(modules: Modules, links: Links, hung: Hung): Part[] {
  const referrers = new Map<Part, Part[]>()
  const readers: Part[] = []
  const hiding = new Set<Part>()
  for (const module of modules.values()) {
    if (module.analysis.fault) continue
    for (const [index, { code }] of module.analysis.units.entries()) {
      const part = links.part(module, index)
      if (code.hides || code.generates || code.changesItself) hiding.add(part)
      if (code.looks && !code.runs) readers.push(part)
    }
  }
  if (hiding.size === 0) return []
  for (const module of modules.values())
    if (!module.analysis.fault)
      for (const index of module.analysis.units.keys()) {
        const part = links.part(module, index)
        for (const { target } of links.of(part)) if ('part' in target) append(referrers, target.part, part)
        for (const statement of hung.get(part) ?? []) append(referrers, statement, part)
      }
  // A part that refers to hidden functions may run them, so it counts as one of these.
  for (const part of hiding) for (const referrer of referrers.get(part) ?? []) hiding.add(referrer)
  return readers.filter((part) =>
    links.of(part).some(({ target }, index) => {
      const isLoaded = ((part.code.touches[index] ?? 0) & LOADED) !== 0
      return isLoaded && 'part' in target && hiding.has(target.part)
    }),
  )
}
