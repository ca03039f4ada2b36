import { existsSync, globSync, readFileSync, statSync, type Stats } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { buildGraph, importSource } from './import-source.ts'
import { isPublicKey } from '@cairn/records'
import { CairnError, isPipeline, suggest, type Pipeline, type Step } from '@cairn/kernel'
import { whyNoFile } from '@cairn/files'
import { checkConcurrency, type ConcurrencySettings } from './concurrency.ts'
import { checkRetention, type RetentionSettings } from './retention.ts'

/** A folder whose package.json names its pipelines: `"cairn": { "pipelines": ["pipelines/*.ts"] }`. */
export interface Project {
  readonly root: string
  /** Files, or glob patterns of files, that export pipelines. */
  readonly pipelines: readonly string[]
  /** Folder of the store. */
  readonly store: string
  readonly env: string
  /** How results of a playground get into production. */
  readonly adoption: Adoption
  /** How long services keep what they store. */
  readonly retention?: RetentionSettings
  /** Limits on concurrent runs on services. */
  readonly concurrency?: ConcurrencySettings
}

/** How results of a playground get into production: a project's `adoption` setting. */
export interface Adoption {
  /**
   * `adopt`: records signed by a trusted service are copied. `verify`: changes are computed again and must give the
   * same bytes. `recompute`: changes are computed again.
   */
  readonly policy: 'adopt' | 'verify' | 'recompute'
  /** Public keys (Ed25519; SPKI, base64) by service. */
  readonly trusted: Readonly<Record<string, string>>
}
const ADOPTION = ['policy', 'trusted']
const SETTINGS = ['pipelines', 'store', 'env', 'adoption', 'retention', 'concurrency']
const POLICIES: readonly Adoption['policy'][] = ['adopt', 'verify', 'recompute']

interface Settings {
  readonly pipelines?: string | readonly string[]
  readonly store?: string
  readonly env?: string
  readonly adoption?: Partial<Adoption>
  readonly retention?: RetentionSettings
  readonly concurrency?: ConcurrencySettings
}

/**
 * Finds the nearest folder, from the given one upwards, whose package.json has a `cairn` entry.
 *
 * @throws CairnError NOT_FOUND when there is none; BAD_DEFINITION when its settings are invalid
 */
export function findProject(from: string): Project {
  // A mistyped folder must not lead to the project around it.
  const reason = whyUnreadable(resolve(from), (stats) => stats.isDirectory() || 'it is not a folder')
  if (reason !== undefined)
    throw new CairnError('NOT_FOUND', `${from} is not a project: ${reason}`, { next: 'check the path' })
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const settings = settingsIn(folder)
    if (settings) return openProject(folder, settings)
    if (folder === dirname(folder)) break
  }
  throw new CairnError('NOT_FOUND', `no package.json in ${from} or a parent folder has a "cairn" entry`, {
    next: 'add "cairn": { "pipelines": ["pipelines/*.ts"] } to package.json',
  })
}

function settingsIn(folder: string): Settings | undefined {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return undefined
  const reason = whyNoFile(statSync(file))
  if (reason !== undefined)
    throw new CairnError('BAD_DEFINITION', `${file} cannot be read: ${reason}`, { next: 'replace it with a file' })
  try {
    return (JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as { cairn?: Settings } | null)?.cairn
  } catch (cause) {
    throw new CairnError('BAD_DEFINITION', `${file} is not valid JSON: ${(cause as Error).message}`, {
      cause,
      next: 'correct the file',
    })
  }
}

function openProject(root: string, settings: Settings): Project {
  checkSettings(join(root, 'package.json'), settings)
  const { pipelines = [], store = '.cairn', env = 'local', adoption, retention, concurrency } = settings
  const { policy = 'verify', trusted = {} } = adoption ?? {}
  if (!POLICIES.includes(policy))
    throw new CairnError('BAD_DEFINITION', `${join(root, 'package.json')}: unknown adoption policy "${policy}"`, {
      next: suggest(policy, POLICIES),
    })
  return {
    root,
    pipelines: [pipelines].flat(),
    store: resolve(root, store),
    env,
    adoption: { policy, trusted },
    ...(retention && { retention }),
    ...(concurrency && { concurrency }),
  }
}

/** Validates the settings, because people write package.json by hand. */
function checkSettings(file: string, settings: unknown): void {
  const refuse = (what: string, next: string) => {
    throw new CairnError('BAD_DEFINITION', `${file}: ${what}`, { next })
  }
  if (!isObject(settings))
    return refuse('"cairn" must be an object', 'write "cairn": { "pipelines": ["pipelines/*.ts"] }')
  const { pipelines = [], store = '', env = 'local', adoption = {}, retention = {}, concurrency = {} } = settings
  for (const [where, value, known] of [
    ['"cairn"', settings, SETTINGS],
    ['"adoption" of "cairn"', adoption, ADOPTION],
  ] as const)
    for (const name of Object.keys(isObject(value) ? value : {}))
      if (!known.includes(name)) refuse(`${where} has no setting "${name}"`, suggest(name, known)!)
  checkRetention(file, retention)
  checkConcurrency(file, concurrency)
  if (![pipelines].flat().every((entry) => typeof entry === 'string' && entry !== ''))
    refuse('"pipelines" of "cairn" must be a list of files', 'write "pipelines": ["pipelines/*.ts"]')
  if (typeof store !== 'string') refuse('"store" of "cairn" must be a folder', 'write "store": ".cairn"')
  if (typeof env !== 'string' || !/^[\w.-]+$/.test(env))
    refuse('"env" of "cairn" must be the name of an environment', 'use letters, digits and dashes: "env": "local"')
  const trusted: unknown = isObject(adoption) ? (adoption['trusted'] ?? {}) : undefined
  if (!isObject(trusted) || !Object.values(trusted).every((key) => typeof key === 'string'))
    refuse(
      '"adoption" of "cairn" is invalid',
      'write "adoption": { "policy": "verify", "trusted": { "name": "<public key>" } }',
    )
  for (const [name, key] of Object.entries(trusted as Readonly<Record<string, unknown>>))
    if (!isPublicKey(key))
      refuse(
        `the key of "${name}" in "adoption" is not a public key`,
        'write an Ed25519 public key, SPKI in base64: see docs/security.md',
      )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A pipeline, and the file that it was loaded from. */
export interface LoadedPipeline {
  readonly pipeline: Pipeline
  /** The module that exports it. */
  readonly file: string
}

/** Returns a pipeline's steps by name. */
export function stepsOf({ graph }: Pipeline): Map<string, Step> {
  const steps = new Map<string, Step>()
  for (const node of graph.nodes.values()) if (node.type === 'step') steps.set(node.step.name, node.step)
  return steps
}

/**
 * Loads a pipeline by name. Imports every module of the project, to detect two pipelines with the same name. When no
 * module has the pipeline, it reports the first module that cannot be loaded.
 *
 * @throws CairnError BAD_DEFINITION when two pipelines have the same name; NOT_FOUND when there is none
 */
export async function loadPipeline(project: Project, name: string): Promise<LoadedPipeline> {
  const all: LoadedPipeline[] = []
  let failure: { readonly error: unknown } | undefined
  for (const file of pipelineFiles(project))
    try {
      for (const pipeline of await pipelinesIn(file, project)) all.push({ pipeline, file })
    } catch (error) {
      failure ??= { error }
    }
  const found = withoutRepeats(all, project).find(({ pipeline }) => pipeline.name === name)
  if (found) {
    buildGraph(() => found.pipeline.graph, found.file, project.root)
    return found
  }
  if (failure) throw failure.error
  throw new CairnError('NOT_FOUND', `pipeline "${name}" does not exist`, {
    next: suggest(
      name,
      all.map(({ pipeline }) => pipeline.name),
      `cairn new pipeline ${name}`,
    ),
  })
}

/** Loads every pipeline of the project. Imports all of its modules. */
export async function allPipelines(project: Project): Promise<LoadedPipeline[]> {
  const found: LoadedPipeline[] = []
  for (const file of pipelineFiles(project))
    for (const pipeline of await pipelinesIn(file, project)) found.push({ pipeline, file })
  return withoutRepeats(found, project)
}

/**
 * Removes repeats, because several modules may export the same pipeline. Runs and checkpoints are stored by name, so
 * two pipelines must not share one.
 *
 * @throws CairnError BAD_DEFINITION when two pipelines have the same name
 */
export function withoutRepeats(all: readonly LoadedPipeline[], { root }: Project): LoadedPipeline[] {
  const byName = new Map<string, LoadedPipeline>()
  for (const loaded of all) {
    const { pipeline } = loaded
    const known = byName.get(pipeline.name)
    if (known && known.pipeline !== pipeline) {
      const named = all.filter((other) => other.pipeline.name === pipeline.name)
      const places = [...new Set(named.map((other) => relative(root, other.file)))]
      throw new CairnError(
        'BAD_DEFINITION',
        `two pipelines are named "${pipeline.name}": in ${places.join(' and in ')}`,
        {
          next: 'rename one of them',
        },
      )
    }
    byName.set(pipeline.name, known ?? loaded)
  }
  return [...byName.values()]
}

/** Tests are next to what they test, and would run when imported. */
const TEST = /\.(test|spec|test-d)\.[cm]?[jt]s$/

export function pipelineFiles({ root, pipelines }: Project): string[] {
  const files = pipelines.flatMap((entry) => (entry.includes('*') ? globSync(entry, { cwd: root }).sort() : [entry]))
  for (const file of files) {
    const reason = whyUnreadable(join(root, file), (stats) => whyNoFile(stats) ?? true)
    if (reason !== undefined)
      throw new CairnError(
        'NOT_FOUND',
        `${file}, which ${join(root, 'package.json')} lists under "pipelines", cannot be read: ${reason}`,
        {
          next: 'check the path, or change "pipelines" in package.json',
        },
      )
  }
  return [...new Set(files)].filter((file) => !TEST.test(file)).map((file) => join(root, file))
}

/** Explains why a path cannot be read; undefined when it can. */
function whyUnreadable(path: string, check: (stats: Stats) => true | string = () => true): string | undefined {
  try {
    const found = check(statSync(path))
    return found === true ? undefined : found
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? 'it does not exist' : message
  }
}

export async function pipelinesIn(file: string, { root }: Project): Promise<Pipeline[]> {
  const module = await importSource(file, root)
  return [...new Set(Object.values(module).filter(isPipeline))]
}
