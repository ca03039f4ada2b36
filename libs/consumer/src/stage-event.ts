import { CairnError, suggest, type ArtifactRef, type Kinds, type Reads, type Step } from '@cairn/kernel'
import {
  fetchObject,
  layout,
  openArtifact,
  readRecord,
  taskName,
  type ArtifactStore,
  type CairnEvent,
  type EndRecord,
  type ErrorRecord,
} from '@cairn/records'

/** The events that a consumer can subscribe to: how a task of a step ended. */
export type StageEventType = 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'skipped' | 'blocked'

type OutputsOf<S extends Step> = Reads<S['definition']['outputs']>

/** An event about a step in a run, typed by the step. Outputs are only fetched on demand. */
export interface StageEvent<S extends Step> {
  /** Identical for each delivery of the same event. Remember it to handle an event only once. */
  readonly id: string
  readonly type: StageEventType
  readonly env: string
  readonly pipeline: string
  readonly run: string
  /** The node of the step in the pipeline. A step that is used more than once has several. */
  readonly node: string
  /** The number of the batch, inside an `each`. */
  readonly batch: string | undefined
  readonly at: Date
  /** The error of a task that failed or was caught. The errors of a batch are in its record, one for each item. */
  readonly error: Pick<ErrorRecord, 'code' | 'message'> | undefined
  /** The headers of the event, such as W3C trace context. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Returns the outputs of the step, as a later step would receive them; for a batch, those of the first completed
   * item. Only the named outputs are opened.
   *
   * @throws CairnError NOT_FOUND when the task did not complete, or has no such output
   */
  readonly outputs: {
    (): Promise<OutputsOf<S>>
    <Name extends keyof OutputsOf<S>>(...names: readonly Name[]): Promise<Pick<OutputsOf<S>, Name>>
  }
  /** Returns the outputs of each completed item of a batch. */
  readonly items: {
    (): AsyncIterable<OutputsOf<S>>
    <Name extends keyof OutputsOf<S>>(...names: readonly Name[]): AsyncIterable<Pick<OutputsOf<S>, Name>>
  }
}

/**
 * Converts an event of the bus into one for handlers.
 *
 * @param scratch returns a local folder for kinds that need a file
 */
export function stageEvent<S extends Step>(
  event: CairnEvent,
  step: S,
  store: ArtifactStore,
  scratch: () => string,
): StageEvent<S> {
  const { env, pipeline, run, node = '', batch } = event.data
  const at = layout(env, pipeline)
  const path = at.end(run, taskName({ node, batch: batch ?? '' }))
  const kinds = step.definition.outputs as Kinds

  const fetch = async ({ digest }: ArtifactRef): Promise<string> => {
    const file = await fetchObject(store, at, digest)
    if (file !== undefined) return file
    throw new CairnError('NOT_FOUND', `object ${digest}, to which ${path} refers, is not in the store`, {
      next: 'a collection removed it: keep runs longer ("retention" in package.json), or handle the events sooner',
    })
  }
  const open = async (name: string, ref: ArtifactRef | undefined): Promise<readonly [string, unknown]> => {
    const kind = kinds[name]
    if (!kind)
      throw new CairnError('NOT_FOUND', `${step.name} has no output "${name}"`, {
        next: suggest(name, Object.keys(kinds)),
      })
    if (!ref) throw new CairnError('NOT_FOUND', `run ${run} has no output "${name}" of ${step.name}`)
    return [name, await kind.decode(openArtifact(ref, fetch, scratch))]
  }
  async function* items(...given: readonly PropertyKey[]): AsyncGenerator<any> {
    const names = given.length > 0 ? (given as string[]) : Object.keys(kinds)
    const end = await readRecord<EndRecord>(store, path)
    for (const outcome of end?.items ?? [])
      if (outcome.status === 'completed')
        yield Object.fromEntries(await Promise.all(names.map((name) => open(name, outcome.outputs[name]))))
  }

  return {
    id: event.id,
    type: event.type.slice('cairn.'.length) as StageEventType,
    env,
    pipeline,
    run,
    node,
    batch,
    at: new Date(event.time),
    error: event.data.error,
    headers: event.headers,
    async outputs(...names: readonly PropertyKey[]) {
      for await (const outputs of items(...names)) return outputs
      throw new CairnError('NOT_FOUND', `${path} has no outputs: ${event.type}`)
    },
    items,
  }
}
