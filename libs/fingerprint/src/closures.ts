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

export interface ClosuresOptions {
  /** Those of a pipeline's graph. Its modules have been imported already. */
  readonly steps: Iterable<Step>
  /** Absolute path of the module that exports the pipeline. */
  readonly entry: string
  /** The project's folder: that of its package.json. */
  readonly root: string
  /** Folder for what is remembered between two calls. All in it can be deleted at any time. */
  readonly cache?: string
}

/**
 * Cuts every step's code out of the modules that the entry imports.
 *
 * @throws CairnError BAD_DEFINITION with file and line if something that a step reaches cannot be cut out, or if a
 *   pipeline uses a handle as if it had a value
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

/** Every place where the pipelines of the modules that an entry imports use a handle as if it had a value. */
export async function misuses({ entry, root, cache: folder }: Omit<ClosuresOptions, 'steps'>): Promise<LintFinding[]> {
  const cache = new Cache(folder)
  const { modules, links, entry: first } = await loadSources(entry, root, cache)
  const found = await withinTheStack(first.path, () => knownMisuses(modules, links, cache))
  cache.save()
  return found
}

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
