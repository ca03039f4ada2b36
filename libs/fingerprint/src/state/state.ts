import type { ReachUse } from '@cairn/kernel'
import type { Cache } from '../cache.ts'
import { digest } from '../digest.ts'
import type { Links } from '../link.ts'
import { isSource, type Module } from '../modules.ts'
import type { Part } from '../link.ts'
import type { Dissection } from '../analyse/analyse.ts'
import { stepCall } from '../analyse/step-call.ts'
import { loadParser, type Node } from '../analyse/syntax.ts'
import type { Walk } from '../walk.ts'
import type { Source } from './interpreter.ts'

/**
 * What the code of a closure changes that outlives a call of the body: then what a call gives may depend on the calls
 * before it in the same process.
 */
export async function changedState(walked: Walk, fingerprint: string, links: Links, cache: Cache): Promise<ReachUse[]> {
  if (walked.parts.length === 0) return [] // a package's own step
  const modules = [...new Set(walked.parts.map(({ module }) => module))]
  const key = `state:${digest('state', [fingerprint, ...modules.map(({ path, hash }) => path + hash)])}`
  let found = cache.get<ReachUse[]>(key)
  if (!found) cache.set(key, (found = await findChanges(walked, modules, links)))
  return found
}

const TOO_MUCH: ReachUse[] = [{ what: 'state', detail: 'more code than can be followed', line: 1, via: 0 }]

/** Most steps of a project share modules. */
const dissections = new WeakMap<Module, Dissection>()

/** Declarations of a closure: values are followed until nothing new is found, which for a whole library takes minutes. */
const MOST_PARTS = 300

async function findChanges({ parts }: Walk, modules: readonly Module[], links: Links): Promise<ReachUse[]> {
  if (parts.length > MOST_PARTS) return TOO_MUCH
  const [{ dissect }, { Interpreter, TooMuchCode }] = await Promise.all([
    import('../analyse/analyse.ts'),
    import('./interpreter.ts'),
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
  const code = parts.flatMap((part) => {
    const source = sources.get(part.module)
    const unit = part.type === 'namespace' || part.type === 'effect' ? undefined : source?.dissection.units[part.index]
    return source && unit ? [{ source, node: unit.node }] : []
  })
  const interpreter = new Interpreter(links, sources)
  try {
    interpreter.load(code)
    interpreter.call(entries(parts[0]!, sources))
  } catch (error) {
    if (!(error instanceof TooMuchCode)) throw error
    return TOO_MUCH
  }
  return interpreter.changes.map(({ module, node, root }): ReachUse => {
    const { dissection } = sources.get(module)!
    const text = module.text.slice(node.start, node.end).replaceAll(/\s+/g, ' ')
    const detail = `${root}: ${text.length > 40 ? `${text.slice(0, 39)}…` : text}`
    const via = parts.findIndex((part) => part.module === module && holds(part, node, dissection))
    return { what: 'state', detail, line: dissection.lineOf(node.start), via }
  })
}

/** The code of a step that is written out; of others, nothing is known here. */
function entries({ type, module, index }: Part, sources: ReadonlyMap<Module, Source>) {
  const source = sources.get(module)
  const unit = source?.dissection.units[index]
  const call = unit && stepCall(unit, source.dissection)
  if (!source || !call || (type !== 'body' && type !== 'fallback')) return []
  const nodes = type === 'body' ? call.body : call.fallback ? [call.fallback] : []
  return nodes.map((node) => ({ source, node }))
}

function holds({ index, type }: Part, { start, end }: Node, { units }: Dissection): boolean {
  const node = type === 'namespace' || type === 'effect' ? undefined : units[index]?.node
  return node !== undefined && node.start <= start && end <= node.end
}
