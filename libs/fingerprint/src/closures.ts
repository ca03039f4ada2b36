import { realpathSync } from 'node:fs'
import { CairnError, type Step } from '@cairn/kernel'
import type { Closure, ClosureSet } from '@cairn/records'
import { Cache } from './cache.ts'
import { cutClosure, type Sources } from './closure.ts'
import { findSteps, reasonNotFound, rootOf } from './find-steps.ts'
import { Links } from './link.ts'
import { knownMisuses, refuseMisuses, type LintFinding } from './lint/lint.ts'
import { withinTheStack } from './nesting.ts'
import { loadModules } from './modules.ts'
import { Packages } from './packages/packages.ts'
import { Resolver } from './packages/resolve.ts'
import { findWriters } from './writers.ts'

/** Options of `closures`. */
export interface ClosuresOptions {
  /** The steps of a pipeline's graph. Their modules must have been imported already. */
  readonly steps: Iterable<Step>
  /** Absolute path of the module that exports the pipeline. */
  readonly entry: string
  /** The project's folder, which contains its package.json. */
  readonly root: string
  /** Folder of the cache; without it, nothing is cached. Deleting the folder's contents is always safe. */
  readonly cache?: string
}

/**
 * Cuts the code of every step out of the modules that the entry imports. A step that none of them exports gets
 * `{ inline: reason }` instead of a closure.
 *
 * @throws CairnError BAD_DEFINITION with file and line if a step reaches code that cannot be cut out, or if a pipeline
 *   uses a handle as a value; NOT_FOUND if the entry or the root does not exist
 */
export async function closures({ steps, entry, root, cache: folder }: ClosuresOptions): Promise<ClosureSet> {
  const cache = new Cache(folder)
  const sources = await loadSources(entry, root, cache)
  await withinTheStack(sources.entry.path, () => refuseMisuses(sources.modules, sources.links, cache))
  const wanted = new Set(steps)
  const found = await findSteps(wanted, sources)
  const bodies = new Map<Step, Closure>()
  const fallbacks = new Map<Step, Closure>()
  for (const [step, target] of found) {
    bodies.set(step, await cutClosure(rootOf(target, 'body', sources.links), sources, cache))
    if (step.definition.catch)
      fallbacks.set(step, await cutClosure(rootOf(target, 'fallback', sources.links), sources, cache))
  }
  cache.save()
  const inline = { inline: reasonNotFound(sources) }
  return {
    body: (step) => bodies.get(step) ?? inline,
    fallback: (step) => (step.definition.catch ? (fallbacks.get(step) ?? inline) : undefined),
  }
}

/**
 * Finds every place where a pipeline in the modules that the entry imports uses a handle as a value.
 *
 * @throws CairnError NOT_FOUND if the entry or the root does not exist
 */
export async function misuses({ entry, root, cache: folder }: Omit<ClosuresOptions, 'steps'>): Promise<LintFinding[]> {
  const cache = new Cache(folder)
  const { modules, links, entry: first } = await loadSources(entry, root, cache)
  const found = await withinTheStack(first.path, () => knownMisuses(modules, links, cache))
  cache.save()
  return found
}

/**
 * Loads and analyses the modules that an entry imports.
 *
 * @throws CairnError NOT_FOUND if the entry or the root does not exist
 */
export async function loadSources(entry: string, root: string, cache: Cache): Promise<Sources> {
  const folder = realPath(root)
  const resolver = new Resolver()
  const modules = await loadModules(realPath(entry), folder, resolver, cache)
  const [first] = modules.values()
  const links = new Links(modules)
  const packages = new Packages(folder, resolver, cache)
  return { root: folder, entry: first!, modules, links, writers: findWriters(modules, links), packages }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new CairnError('NOT_FOUND', `${path} does not exist`, { cause })
  }
}
