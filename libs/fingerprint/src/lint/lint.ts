import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { Cache } from '../cache.ts'
import { Links } from '../link.ts'
import { loadModules } from '../modules.ts'
import { Resolver } from '../packages/resolve.ts'
import { loadParser, refuse } from '../analyse/syntax.ts'

/** A place in a pipeline's body where a handle is used as if it had a value. */
export interface LintFinding {
  readonly file: string
  readonly line: number
  /** From 1. */
  readonly column: number
  /** The handle. */
  readonly name: string
  readonly message: string
}

/** Finds what drawing a pipeline cannot catch: while it is drawn, a handle is always true and equal to nothing else. */
export async function lintPipelines(files: Iterable<string>): Promise<LintFinding[]> {
  const [{ dissect }, { misuses }] = await Promise.all([import('../analyse/analyse.ts'), import('./misuses.ts')])
  await loadParser()
  const cache = new Cache(undefined)
  const found: LintFinding[] = []
  for (const file of files) {
    const modules = await loadModules(realpathSync(file), dirname(file), new Resolver(), cache)
    const module = modules.get(realpathSync(file))!
    const dissection = dissect(file, module.text)
    if ('fault' in dissection) throw refuse(file, dissection.fault)
    for (const { start, name, message } of misuses(dissection, module, new Links(modules))) {
      const column = start - module.text.lastIndexOf('\n', start - 1)
      found.push({ file, line: dissection.lineOf(start), column, name, message })
    }
  }
  return found
}
