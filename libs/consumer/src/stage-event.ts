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

/** What a consumer can wait for: how a task of a step ended. */
export type StageEventType = 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'skipped' | 'blocked'

type OutputsOf<S extends Step> = Reads<S['definition']['outputs']>

/** What happened to a step in a run, typed by the step. Nothing is fetched before it is asked for. */
export interface StageEvent<S extends Step> {
  /** The same for each delivery of the same happening: what to remember so as to do something once. */
  readonly id: string
  readonly type: StageEventType
  readonly env: string
  readonly pipeline: string
  readonly run: string
  /** The place in the pipeline, for a step that is used more than once. */
  readonly node: string
  /** Inside an `each`: which batch. */
  readonly batch: string | undefined
  readonly at: Date
  /** Of a task that failed or was caught; a batch has one for each of its items, in its record. */
  readonly error: Pick<ErrorRecord, 'code' | 'message'> | undefined
  /** W3C trace context and the like, as the event carried it. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * What the step gave, as a later step would receive it; of a batch, for the first item that completed. Outputs that
   * are not named are not opened.
   *
   * @throws CairnError NOT_FOUND when the task did not complete, or gave no such output
   */
  readonly outputs: {
    (): Promise<OutputsOf<S>>
    <Name extends keyof OutputsOf<S>>(...names: readonly Name[]): Promise<Pick<OutputsOf<S>, Name>>
  }
  /** What the step gave for each item of a batch; items that did not complete are left out. */
  readonly items: {
    (): AsyncIterable<OutputsOf<S>>
    <Name extends keyof OutputsOf<S>>(...names: readonly Name[]): AsyncIterable<Pick<OutputsOf<S>, Name>>
  }
}

/** @param scratch gives a local folder for kinds that want a file */
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
    throw new CairnError('NOT_FOUND', `object ${digest}, which ${path} names, is not in the store`, {
      next: 'it was collected: give this run a ref, or handle its events sooner',
    })
  }
  const open = async (name: string, ref: ArtifactRef | undefined): Promise<readonly [string, unknown]> => {
    const kind = kinds[name]
    if (!kind)
      throw new CairnError('NOT_FOUND', `${step.name} has no output "${name}"`, {
        next: suggest(name, Object.keys(kinds)),
      })
    if (!ref) throw new CairnError('NOT_FOUND', `${step.name} gave no output "${name}" in run ${run}`)
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
