import type { CairnError } from '@cairn/kernel'
import { refuse } from './analyse/syntax.ts'
import { Cache } from './cache.ts'
import { loadSources } from './closures.ts'

/** What in the modules that an entry imports makes Node refuse to load them; undefined if that is not found. */
export async function loadFault(entry: string, root: string): Promise<CairnError | undefined> {
  const { modules, links, entry: first } = await loadSources(entry, root, new Cache(undefined))
  for (const module of modules.values()) {
    if (module.order > first.order) continue
    const { fault, units, requests, imports } = module.analysis
    const faults = [fault, ...units.flatMap(({ code, step }) => [code.fault, step?.body.fault, step?.fallback?.fault])]
    const found = faults.find((each) => each && !each.cutOnly)
    if (found) return refuse(module.path, found)
    const needed = [...requests.keys()].filter((request) => !['dynamic', 'file'].includes(requests[request]!.how))
    for (const ref of [
      ...needed.map((request) => ({ request })),
      ...imports.keys().map((index) => ({ import: index })),
    ]) {
      const { target } = links.ref(module, ref)
      if ('refusal' in target) return target.refusal as CairnError
    }
  }
  return undefined
}
