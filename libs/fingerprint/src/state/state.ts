import type { ReachUse } from '@cairn/records'
import type { Cache } from '../cache.ts'
import { digest } from '../digest.ts'
import type { Links, Part } from '../link.ts'
import { isSource, type Module } from '../modules.ts'
import type { Dissection } from '../analyse/analyse.ts'
import { stepCall } from '../analyse/step-call.ts'
import { loadParser, type Node } from '../analyse/syntax.ts'
import { positionsIn, type Walk } from '../walk.ts'
import type { Analysis, Code } from './analysis.ts'
import type { Source } from './thing.ts'

/**
 * Finds what the code of a closure changes that outlives a call of the body. If it finds anything, the result of a call
 * may depend on earlier calls in the same process.
 */
export async function changedState(walked: Walk, fingerprint: string, links: Links, cache: Cache): Promise<ReachUse[]> {
  if (walked.parts.length === 0) return [] // a step that a package exports
  const modules = [...new Set(walked.parts.map(({ module }) => module))]
  const key = `state:${digest('state', [fingerprint, ...positionsIn(walked)])}` // what is found has source positions
  let found = cache.get<ReachUse[]>(key)
  if (!found) cache.set(key, (found = await findChanges(walked, modules, links)))
  return found
}

/** Kept because most steps of a project share modules. */
const dissections = new WeakMap<Module, Dissection>()

async function findChanges({ root, parts }: Walk, modules: readonly Module[], links: Links): Promise<ReachUse[]> {
  const [{ dissect }, { Analysis }, { TooMuchCode }] = await Promise.all([
    import('../analyse/analyse.ts'),
    import('./analysis.ts'),
    import('./flow.ts'),
  ])
  await loadParser()
  const sources = new Map<Module, Source>()
  for (const module of modules) {
    let dissection = dissections.get(module)
    if (!dissection && isSource(module)) {
      const dissected = dissect(module.file, module.text)
      if (!('fault' in dissected)) dissections.set(module, (dissection = dissected))
    }
    if (dissection) sources.set(module, { module, dissection })
  }
  const analysis = new Analysis(links, sources)
  try {
    analysis.load(parts.flatMap((part) => codeOf(part, sources)))
    callBody(root, analysis, sources)
  } catch (error) {
    if (!(error instanceof TooMuchCode || error instanceof RangeError)) throw error // RangeError: stack overflow
    return [
      { what: 'state', detail: 'the code is too large to analyse for state changes', line: parts[0]!.line, via: 0 },
    ]
  }
  const found = analysis.changes.map(({ module, node, what }) => {
    const { dissection } = sources.get(module)!
    const text = module.text.slice(node.start, node.end).replaceAll(/\s+/g, ' ')
    const detail = `${what}: ${text.length > 40 ? `${text.slice(0, 39)}…` : text}`
    const via = parts.findIndex((part) => part.module === module && holds(part, node, dissection))
    return { what: 'state' as const, detail, line: dissection.lineOf(node.start), via, start: node.start }
  })
  return found
    .sort((a, b) => a.via - b.via || a.start - b.start || (a.detail < b.detail ? -1 : 1))
    .map(({ start: _, ...use }) => use)
}

function codeOf({ type, module, index }: Part, sources: ReadonlyMap<Module, Source>): Code[] {
  const source = sources.get(module)
  const unit = type === 'namespace' || type === 'effect' ? undefined : source?.dissection.units[index]
  if (!source || !unit) return []
  return [{ source, node: unit.node, ...(unit.what !== 'statement' && { binding: unit.bindings[0] }) }]
}

/**
 * Follows what Cairn calls of a step: the properties of a literal definition, otherwise everything the step was given.
 */
function callBody({ target, of, role }: Walk['root'], analysis: Analysis, sources: ReadonlyMap<Module, Source>): void {
  if (!('part' in target)) return
  const { module, index } = target.part
  const source = sources.get(module)
  const unit = source?.dissection.units[index]
  if (!source || !unit) return
  const call = of === 'step' ? stepCall(unit, source.dissection) : undefined
  if (!call) return analysis.callStep({ source, node: unit.node, binding: unit.bindings[target.binding] })
  const properties = role === 'body' ? call.body : [call.fallback ?? []].flat()
  analysis.call(properties.map(({ value }) => ({ source, node: value })))
}

function holds({ index, type }: Part, { start, end }: Node, { units }: Dissection): boolean {
  const node = type === 'namespace' || type === 'effect' ? undefined : units[index]?.node
  return node !== undefined && node.start <= start && end <= node.end
}
