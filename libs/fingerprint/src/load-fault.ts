import type { CairnError } from '@cairn/kernel'
import { loadParser, refuse } from './analyse/syntax.ts'
import { Cache } from './cache.ts'
import { loadSources } from './closures.ts'
import { isSource } from './modules.ts'
import { importFault, syntaxFault, withColumn } from './import-faults.ts'

/**
 * Finds the error in the modules of an entry that keeps Node from loading them; undefined if it finds none.
 *
 * @param error what Node threw
 * @throws CairnError NOT_FOUND if the entry or the root does not exist
 */
export async function loadFault(entry: string, root: string, error: unknown): Promise<CairnError | undefined> {
  const { modules, links, entry: first } = await loadSources(entry, root, new Cache(undefined))
  await loadParser()
  const loaded = [...modules.values()].filter(({ order }) => order <= first.order).sort((a, b) => a.order - b.order)
  for (const module of loaded) {
    const { fault, units, requests, imports } = module.analysis
    const faults = [fault, ...units.flatMap(({ code, step }) => [code.fault, step?.body.fault, step?.fallback?.fault])]
    const found = faults.find((each) => each && !each.cutOnly)
    const written = syntaxFault(module)
    if (written && (!found || found.message.startsWith('syntax error'))) return written
    if (found && isSource(module)) return refuse(module.path, found)
    const imported = importFault(module, modules, error)
    if (imported) return imported
    const message = error instanceof Error ? error.message : ''
    const needed = [...requests.keys()].filter((request) => {
      const { how, specifier } = requests[request]!
      return how !== 'file' && (how !== 'dynamic' || message.includes(specifier.replace(/^[./]+/, '')))
    })
    for (const ref of [
      ...needed.map((request) => ({ request })),
      ...imports.keys().map((index) => ({ import: index })),
    ]) {
      const { target } = links.ref(module, ref)
      if ('refusal' in target) return withColumn(target.refusal as CairnError, module)
    }
  }
  return undefined
}
