import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { thisProcess } from '@cairn/drivers/process-id'
import { folderStore } from '@cairn/drivers/store/folder'
import { closures } from '@cairn/fingerprint'
import { layout, systemClock, type ArtifactStore, type ClosureSet, type Layout } from '@cairn/records'
import type { Planner } from '@cairn/planner'
import { History } from './history.ts'
import { JsonFile } from './json-file.ts'
import { stepsOf, type LoadedPipeline, type Project } from './project.ts'
import { pinOutput } from './pin-output.ts'
import { requireStableGraph } from './require-stable-graph.ts'
import { secretsIn } from './secrets-file.ts'

/** A project opened for work: its store and its caches. */
export class Workspace {
  readonly project: Project
  readonly store: ArtifactStore
  readonly history: History
  readonly clock = systemClock
  /** The playground whose runs come first. */
  readonly playground: string | undefined
  readonly #versions: JsonFile<string>

  /**
   * @param store where artifacts and records are, if not in the project's own folder
   * @param playground the playground whose runs the store shows, too
   */
  constructor(project: Project, store?: ArtifactStore, playground?: string) {
    this.project = project
    this.playground = playground
    const { CAIRN_DURABILITY: durability } = process.env
    this.store = store ?? folderStore(project.store, durability === 'power-loss' ? { durability } : {})
    this.history = new History(join(this.cache, 'history.json'))
    this.#versions = new JsonFile(join(this.cache, 'versions.json'), 1_000)
  }

  /** Folder for files that can be deleted at any time. */
  get cache(): string {
    return join(this.project.store, 'cache')
  }

  at(pipeline: string): Layout {
    return layout(this.project.env, pipeline)
  }

  async closures(loaded: LoadedPipeline): Promise<ClosureSet> {
    const { root } = this.project
    const steps = stepsOf(loaded.pipeline).values()
    const found = await closures({ steps, entry: loaded.file, root, cache: this.cache })
    requireStableGraph(loaded, root)
    return found
  }

  planner(closures: ClosureSet): Planner {
    const { store, clock, remember } = this
    return {
      ...{ store, clock, closures, root: this.project.root, secrets: this.secret, remember },
      pinOutput: (pipeline, output) => pinOutput(store, (name) => this.at(name), pipeline, output),
    }
  }

  /** Reads a secret from the environment or from `.cairn/secrets.json`, which is never part of the store's records. */
  readonly secret = (name: string): string | undefined => {
    const set = process.env[`CAIRN_SECRET_${name}`]
    if (set !== undefined) return set
    return secretsIn(join(this.project.root, '.cairn', 'secrets.json'))?.[name]
  }

  readonly remember = async (stamp: string, compute: () => Promise<string>): Promise<string> => {
    const known = this.#versions.get(stamp)
    if (typeof known === 'string') return known
    const value = await compute()
    this.#versions.set(stamp, value)
    return value
  }

  /** Creates this process's folder for temporary files, on the file system of the store. */
  readonly scratch = (): string => {
    mkdirSync(this.#scratch, { recursive: true })
    return this.#scratch
  }

  get #scratch(): string {
    return join(this.project.store, 'tmp', `${thisProcess.replaceAll('/', '-')}-scratch`)
  }

  /** Saves the caches and removes temporary files. */
  close(): void {
    this.history.save()
    this.#versions.save()
    rmSync(this.#scratch, { recursive: true, force: true })
  }
}
