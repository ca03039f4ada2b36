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
    object({ item: name }, {}, { item: 'the `each` whose item it is' }),
    object(
      { node: name, output: name },
      {},
      { node: 'the node that gives it', output: 'which of the outputs of that node' },
    ),
  ),
)
const condition = having('value', object({ value: truth }, {}, { value: 'known when the run was planned' }), ref)
const refs = map(ref)

const pinned = shared('code', () =>
  having(
    'inline',
    object(
      { inline: text },
      {},
      { inline: 'why the code cannot be pinned: only the process that planned the run has it' },
    ),
    object(
      { fingerprint: name, digest: name },
      { packages: name },
      {
        fingerprint: 'of the code: equal fingerprints compute the same',
        digest: 'SHA-256 (hex) of the code as it is stored',
        packages: 'SHA-256 (hex) of which packages it loads, and from where',
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
          kind: 'table, model, json, …',
          version: 'of the kind: another version writes other bytes for the same value',
          schema: 'what the values look like; its form is the own one of the kind',
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
        times: 'how often it is tried again',
        backoffMs: 'milliseconds before the second attempt; twice as many before each further one',
        maxBackoffMs: 'milliseconds that it waits at most',
        on: 'names and codes of the errors after which it is tried again; without it, after any',
      },
    ),
    timeoutMs: number,
    memory: number,
    cache: having(
      'never',
      object({ never: text }, {}, { never: 'why its results are never reused' }),
      object({ maxAgeMs: number }, {}, { maxAgeMs: 'milliseconds for which a result is reused' }),
    ),
    secrets: list(text),
  },
  {
    code: 'the code of the step',
    source: 'whether it reads something from outside the pipeline',
    outputs: 'the kinds of the outputs, by name',
    fallback: 'the code of its `catch`',
    retry: 'how it is tried again',
    timeoutMs: 'milliseconds that an attempt may take for one item',
    memory: 'bytes that it may use',
    cache: 'how long its results are reused; without it, for ever',
    secrets: 'the names of the secrets that it gets',
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
        when: 'the `when`',
        condition: 'what the `when` decides by',
        arm: 'the value of the condition for which the node is run',
      },
    ),
  ),
}
const aboutPlaced = {
  type: 'what the node is',
  scope: 'the `each`s that it is inside, the outermost first',
  guards: 'the arms of `when`s that it is in',
}
const node = tagged('type', {
  step: object(
    { ...placed, step: name, inputs: refs, params: map(json) },
    { versions: map(text), unread: error, force: truth },
    {
      ...aboutPlaced,
      step: 'the name of the step, in `steps`',
      inputs: 'where each input comes from',
      params: 'the parameters of the step',
      versions: 'of a source: the versions of what it reads, as the plan saw them',
      unread: 'of a source whose version could not be asked for: why. It fails with this',
      force: 'compute it even if there is a checkpoint',
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
        { items: 'how many items', share: 'a share of all items, from 0 to 1' },
      ),
      collects: refs,
    },
    {},
    {
      ...aboutPlaced,
      over: 'the list that it goes through',
      batch: 'how many items one task computes at most',
      tolerate: 'how many items may fail',
      collects: 'which outputs of the nodes inside it gives as lists',
    },
  ),
  when: object(
    { ...placed, condition, then: refs, otherwise: refs },
    {},
    {
      ...aboutPlaced,
      condition: 'what it decides by',
      then: 'its outputs where the condition is true',
      otherwise: 'its outputs where the condition is false',
    },
  ),
  given: object(
    { ...placed, from: text, outputs: map(artifact) },
    { step: name, stale: text },
    {
      ...aboutPlaced,
      from: 'where the outputs come from: a run, or what a person set',
      outputs: 'the outputs that stand in for computing it',
      step: 'the name of the step',
      stale: 'why a run of the code of today would not give these outputs',
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
          node: 'the node',
          output: 'its output',
          how: 'what was done: `set by hand`, `cut to 1,000 of 3,000,000 rows`',
        },
      ),
    ),
    signature,
  },
  {
    run: 'the name of the run',
    env: 'the environment',
    pipeline: 'the name of the pipeline',
    createdAt: 'when it was planned, in milliseconds since 1970',
    params: 'the parameters of the pipeline',
    steps: 'the steps, by name: code, outputs and limits',
    nodes: 'the places in the pipeline, by name; each comes after those that it reads',
    outputs: 'the outputs of the run, by name: which output of which node each is',
    parent: 'the run whose outputs stand in for what is not run, or that this one repeats',
    submission: 'digest of the submission that it was planned for',
    queued: 'true of a run that waits for its turn',
    playground: 'the playground that it was run in; absent in production',
    partial: 'true where not all of the pipeline was to be run',
    settings: 'the parameters that were set by hand: those of the pipeline by name, those of a step as `<node>.<name>`',
    taints: 'outputs that no code has made as they stand',
    signature: 'of the service that made the plan: services run no plan without one',
  },
)

/** `unwired` checks what a JSON Schema cannot express. */
export const plan = shape((value) => fields(value) ?? unwired(value as Plan), fields.schema)
