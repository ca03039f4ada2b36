import { CairnError } from '@cairn/kernel'
import type { Cache } from '../cache.ts'
import { digest } from '../digest.ts'
import type { Links } from '../link.ts'
import { isSource, type Module, type Modules } from '../modules.ts'
import type { Passed } from './misuses.ts'
import { loadParser, refuse } from '../analyse/syntax.ts'

/** A place in a pipeline's body that uses a handle as a value. */
export interface LintFinding {
  /** Relative to the project's folder. */
  readonly file: string
  readonly line: number
  /** Counted from 1. */
  readonly column: number
  /** The name of the handle. */
  readonly name: string
  readonly message: string
}

/**
 * Finds mistakes that building the graph cannot detect: a handle is always truthy, and equal only to itself.
 *
 * @throws CairnError BAD_DEFINITION with file and line of the first mistake
 */
export async function refuseMisuses(modules: Modules, links: Links, cache: Cache): Promise<void> {
  const [first, ...more] = await knownMisuses(modules, links, cache)
  if (!first) return
  const others = more.length > 0 ? ` (and ${more.length} more like it)` : ''
  throw new CairnError('BAD_DEFINITION', `${findingText(first)}${others}`, {
    ...(more.length > 0 && { next: 'list all of them: cairn lint' }),
  })
}

/** Formats a finding as compilers do: `pipeline.ts:2:50 message`. */
export function findingText({ file, line, column, message }: LintFinding): string {
  return `${file}:${line}:${column} ${message}`
}

/** Like `lint`, but caches the findings until any module changes. */
export async function knownMisuses(modules: Modules, links: Links, cache: Cache): Promise<LintFinding[]> {
  const key = `lint:${digest(
    'lint',
    [...modules.values()].map(({ path, hash }) => path + hash),
  )}`
  let found = cache.get<LintFinding[]>(key)
  if (!found) cache.set(key, (found = await lint(modules, links)))
  return found
}

/** Finds every handle that the modules use as a value, also in functions that receive handles. */
export async function lint(modules: Modules, links: Links): Promise<LintFinding[]> {
  const definers = [...modules.values()].filter(mayDefinePipeline)
  if (definers.length === 0) return []
  const [{ dissect }, { misuses }] = await Promise.all([import('../analyse/analyse.ts'), import('./misuses.ts')])
  await loadParser()
  const entered = new Map<Module, Passed[]>()
  const found = new Map<Module, LintFinding[]>()
  const waiting = new Set(definers)
  for (const module of waiting) {
    waiting.delete(module) // it is added again if more of its functions are called with handles
    if (module.analysis.fault || !isSource(module)) continue
    const dissection = dissect(module.file, module.text)
    if ('fault' in dissection) throw refuse(module.path, dissection.fault)
    const seen = misuses(dissection, module, links, entered.get(module))
    found.set(
      module,
      seen.found.map(({ start, name, message }): LintFinding => {
        const column = start - module.text.lastIndexOf('\n', start - 1)
        return { file: module.path, line: dissection.lineOf(start), column, name, message }
      }),
    )
    for (const passed of seen.passed) {
      const known = entered.get(passed.module) ?? []
      if (known.some(({ unit, parameters }) => unit === passed.unit && parameters.join() === passed.parameters.join()))
        continue
      entered.set(passed.module, [...known, passed])
      waiting.add(passed.module)
    }
  }
  return [...found.values()].flat()
}

/** Whether a module may define a pipeline, which takes Cairn's own functions. */
function mayDefinePipeline({ resolved }: Module): boolean {
  return resolved.some(
    (target) => target.type === 'cairn' && (target.specifier === 'cairn' || target.specifier === '@cairn/kernel'),
  )
}
