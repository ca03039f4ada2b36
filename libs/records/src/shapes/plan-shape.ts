import { artifact, error, signature } from './artifact-shape.ts'
import type { Plan } from '../plan-record.ts'
import {
  having,
  json,
  list,
  map,
  named,
  name,
  number,
  object,
  one,
  positive,
  shape,
  shared,
  tagged,
  text,
  truth,
} from './shape.ts'
import { unwired } from './unwired.ts'

const ref = shared('ref', () =>
  having(
    'item',
    object({ item: name }, {}, { item: 'the `each` that provides the item' }),
    object({ node: name, output: name }, {}, { node: 'the node that has the output', output: 'name of the output' }),
  ),
)
const condition = having(
  'value',
  object({ value: truth }, {}, { value: 'value that was known when the run was planned' }),
  ref,
)
const refs = map(ref)

const pinned = shared('code', () =>
  having(
    'inline',
    object(
      { inline: text },
      {},
      { inline: 'why the code cannot be pinned. Only the process that planned the run can run it' },
    ),
    object(
      { fingerprint: name, digest: name, packages: name },
      {},
      {
        fingerprint: 'fingerprint of the code: code with equal fingerprints computes the same results',
        digest: 'SHA-256 (hex) of the stored code',
        packages: 'SHA-256 (hex) of its packages and the folders that they are resolved from',
      },
    ),
  ),
)
const step = object(
  {
    code: pinned,
    source: truth,
    outputs: map(
      object(
        { kind: text, version: number, schema: json },
        {},
        {
          kind: 'name of the kind: table, model, json, …',
          version: 'version of the kind. Another version may write different bytes for the same value',
          schema: 'schema of the values, in a format of the kind',
        },
      ),
    ),
  },
  {
    fallback: pinned,
    retry: object(
      { times: number, backoffMs: number, maxBackoffMs: number },
      { on: list(text) },
      {
        times: 'maximum number of retries',
        backoffMs: 'delay in milliseconds before the first retry; it doubles with each further retry',
        maxBackoffMs: 'maximum delay in milliseconds',
        on: 'names and codes of the errors that are retried; absent: all errors',
      },
    ),
    timeoutMs: number,
    memory: number,
    cache: having(
      'never',
      object({ never: text }, {}, { never: 'why results are never reused' }),
      object({ maxAgeMs: number }, {}, { maxAgeMs: 'maximum age of a reused result, in milliseconds' }),
    ),
    secrets: list(text),
  },
  {
    code: 'code of the step',
    source: 'whether the step is a source, which reads external data',
    outputs: 'kinds by output name',
    fallback: 'code of its `catch`',
    retry: 'retry policy',
    timeoutMs: 'time limit of an attempt for one item, in milliseconds',
    memory: 'memory limit in bytes',
    cache: 'how long results are reused; absent: without limit',
    secrets: 'names of the secrets that the step receives',
  },
)

const type = one('step', 'each', 'when', 'given')
const placed = {
  type,
  scope: list(name),
  guards: list(
    object(
      { when: name, condition, arm: truth },
      {},
      {
        when: 'name of the `when` node',
        condition: 'condition of the `when`',
        arm: 'value of the condition for which the node runs',
      },
    ),
  ),
}
const aboutPlaced = {
  type: 'type of the node',
  scope: 'the `each` nodes around it, outermost first',
  guards: 'the arms of the `when` nodes around it',
}
const pinnedOutput = object(
  { pipeline: name, run: name, output: text, artifact },
  {},
  {
    pipeline: 'name of the pipeline',
    run: 'its run that was in production when this run was planned',
    output: 'step and output, `<step>/<output>`',
    artifact: 'the output; its objects are copied into the folder of this pipeline',
  },
)
const node = tagged('type', {
  step: object(
    { ...placed, step: name, inputs: refs, params: map(json) },
    { versions: map(text), production: map(pinnedOutput), unread: error, force: truth },
    {
      ...aboutPlaced,
      step: 'name of the step in `steps`',
      inputs: 'source of each input',
      params: 'parameters of the step',
      versions: 'for a source: versions of the data that it reads, as seen by planning',
      production: 'for a source: what it reads from the production runs of other pipelines',
      unread: 'for a source whose version could not be looked up: the error. The source fails with it',
      force: 'whether to compute it even if there is a checkpoint',
    },
  ),
  each: object(
    {
      ...placed,
      over: ref,
      batch: positive,
      tolerate: object(
        {},
        { items: number, share: number },
        { items: 'number of items', share: 'fraction of all items, from 0 to 1' },
      ),
      collects: refs,
    },
    {},
    {
      ...aboutPlaced,
      over: 'the list whose items it processes',
      batch: 'maximum number of items in one task',
      tolerate: 'how many items may fail without failing the node',
      collects: 'outputs of inner nodes that it returns as lists',
    },
  ),
  when: object(
    { ...placed, condition, then: refs, otherwise: refs },
    {},
    {
      ...aboutPlaced,
      condition: 'condition that selects the arm',
      then: 'its outputs if the condition is true',
      otherwise: 'its outputs if the condition is false',
    },
  ),
  given: object(
    { ...placed, from: text, outputs: map(artifact) },
    {},
    {
      ...aboutPlaced,
      from: 'origin of the outputs: a run, or a value set by a person',
      outputs: 'artifacts that are used instead of computing the node',
    },
  ),
})

const fields = object(
  {
    run: name,
    env: name,
    pipeline: name,
    createdAt: number,
    params: map(json),
    steps: named(step),
    nodes: named(node),
    outputs: refs,
  },
  {
    parent: name,
    submission: text,
    queued: truth,
    playground: text,
    partial: truth,
    settings: json,
    taints: list(
      object(
        { node: text, output: text, how: text },
        {},
        {
          node: 'name of the node',
          output: 'name of the output',
          how: 'what was overridden: `set by hand`, `cut to 1,000 of 3,000,000 rows`',
        },
      ),
    ),
    signature,
  },
  {
    run: 'name of the run',
    env: 'name of the environment',
    pipeline: 'name of the pipeline',
    createdAt: 'time of planning, in milliseconds since 1970',
    params: 'parameters of the pipeline',
    steps: 'code, outputs and limits of each step, by step name',
    nodes: 'nodes of the pipeline, by name. Each comes after the nodes that it reads',
    outputs: 'outputs of the run, by name, each as a reference to an output of a node',
    parent: 'the run that provides the outputs of nodes that are not run, or that this run repeats',
    submission: 'digest of the Idempotency-Key that the run was submitted with',
    queued: 'true if the run waits for a free slot',
    playground: 'name of the playground; absent in production',
    partial: 'true if only a part of the pipeline was selected to run',
    settings: 'parameters that were set by a person: pipeline parameters by name, step parameters as `<node>.<name>`',
    taints: 'outputs that were set, sampled or selected by hand',
    signature: 'signature of the service that made the plan. Services do not run plans without one',
  },
)

/** `unwired` checks what a JSON Schema cannot express. */
export const plan = shape((value) => fields(value) ?? unwired(value as Plan), fields.schema)
