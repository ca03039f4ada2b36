import {
  layout,
  openArtifact,
  readRecord,
  taskName,
  type ArtifactRef,
  type ArtifactStore,
  type CairnEvent,
  type EndRecord,
  type ErrorRecord,
  type Kinds,
  type Reads,
  type Step,
} from '@cairn/kernel/runtime'

/** What a consumer can wait for: how a task of a step ended. */
export type StageEventType = 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'skipped' | 'blocked'

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
  /** Of a task that failed. */
  readonly error: Pick<ErrorRecord, 'code' | 'message'> | undefined
  /** W3C trace context and the like, as the event carried it. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * What the step gave, as a later step would receive it; of a batch, for its first item.
   * @throws CairnError NOT_FOUND when the task did not complete
   */
  outputs(): Promise<Reads<S['definition']['outputs']>>
  /** What the step gave for each item of a batch; items that did not complete are left out. */
  items(): AsyncIterable<Reads<S['definition']['outputs']>>
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
  const fetch = async ({ digest }: ArtifactRef) => {
    const file = (await store.fetch(at.object(digest))) ?? (await store.fetch(at.condemned(digest)))
    if (file !== undefined) return file
    throw new Error(`object ${digest} of ${path} is not in the store`)
  }
  const open = async (refs: Readonly<Record<string, ArtifactRef>>) => {
    const kinds = step.definition.outputs as Kinds
    const opened = Object.entries(kinds).map(async ([name, kind]) => [
      name,
      (await kind.decode(openArtifact(refs[name]!, fetch, scratch))) as unknown,
    ])
    return Object.fromEntries(await Promise.all(opened)) as Reads<S['definition']['outputs']>
  }
  async function* completed() {
    const end = await readRecord<EndRecord>(store, path)
    for (const lane of end?.lanes ?? []) if (lane.status === 'completed') yield await open(lane.outputs)
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
    async outputs() {
      for await (const outputs of completed()) return outputs
      throw new Error(`${path} has no outputs: it is ${event.type}`)
    },
    items: completed,
  }
}
