import { pipelineNames, type ArtifactStore } from '@cairn/records'
import type { ProjectPipelines } from './project-pipelines.ts'

interface KnownPipelinesHost {
  readonly env: string
  readonly store: Pick<ArtifactStore, 'children'>
  readonly project: Pick<ProjectPipelines, 'require'>
}

/** Checks whether a pipeline exists, in the store or in the project. */
export class KnownPipelines {
  readonly #host: KnownPipelinesHost
  #known: ReadonlySet<string> = new Set()

  constructor(host: KnownPipelinesHost) {
    this.#host = host
  }

  /** @throws CairnError NOT_FOUND if there is no such pipeline */
  async require(pipeline: string): Promise<void> {
    if (this.#known.has(pipeline)) return
    const { env, store, project } = this.#host
    this.#known = new Set(await pipelineNames(store, env))
    if (!this.#known.has(pipeline)) await project.require(pipeline)
  }
}
