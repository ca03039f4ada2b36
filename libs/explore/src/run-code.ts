import { hash } from 'node:crypto'
import {
  CairnError,
  canonical,
  describeKind,
  type AnyKind,
  type AnySchema,
  type Json,
  type KindDescription,
  type Kinds,
  type Step,
} from '@cairn/kernel'
import { renamed, type Frame, type Graph, type Node, type Ref } from '@cairn/kernel/contract'
import {
  type Closure,
  type ClosureSet,
  type PinnedCode,
  type Plan,
  type PlannedNode,
  OVERRIDDEN,
  packagesDigest,
  storedManifest,
  type PlannedStep,
} from '@cairn/records'
import type { Workspace } from '@cairn/workspace'

type Params = Readonly<Record<string, Json>>

/** A run as a pipeline: its graph and its stored code. */
export interface RunCode {
  readonly graph: Graph
  readonly closures: ClosureSet
}

/** Returns the graph and code that a run was planned with, independent of the current pipeline. */
export async function codeOfRun(workspace: Workspace, plan: Plan): Promise<RunCode> {
  const codes = new Map<Step, { readonly body: Stored; readonly fallback: Stored | undefined }>()
  const steps = new Map<string, Step>()
  for (const [name, planned] of Object.entries(plan.steps)) {
    const body = await storedCode(workspace, plan, planned.code)
    const step = stepOf(name, planned, body, parametersOf(plan, name))
    steps.set(name, step)
    codes.set(step, { body, fallback: planned.fallback && (await storedCode(workspace, plan, planned.fallback)) })
  }
  const nodes = new Map<string, Node>()
  for (const [id, node] of Object.entries(plan.nodes)) nodes.set(id, drawn(plan, id, node, steps, nodes))
  const frames = new Map<string, Frame>([
    ['', { params: fixed(plan.params), given: {} }],
    [CONDITIONS, { params: fixed(decided(plan)), given: {} }],
  ])
  const unknown = { inline: 'the run does not have this step' }
  return {
    graph: { name: plan.pipeline, nodes, outputs: plan.outputs, frames },
    closures: {
      body: (step) => codes.get(step)?.body ?? unknown,
      fallback: (step) => codes.get(step)?.fallback,
    },
  }
}

type Stored = Closure | { readonly inline: string }

async function storedCode(workspace: Workspace, { pipeline, run }: Plan, code: PinnedCode): Promise<Stored> {
  if ('inline' in code) return code
  const { store } = workspace
  const at = workspace.at(pipeline)
  const { fingerprint, digest } = code
  const manifest = await storedManifest(store, at, code)
  if (!manifest)
    throw new CairnError('NOT_FOUND', `a collection removed the code ${fingerprint} of run ${run}`, {
      next: 'explore with the current code',
    })
  if (code.packages !== packagesDigest(manifest))
    throw new CairnError(
      'CORRUPT',
      `the packages of the stored code ${fingerprint} differ from those that run ${run} was planned with`,
      {
        next: 'explore with the current code',
      },
    )
  return {
    fingerprint,
    manifest,
    emitted: digest,
    emit: async () => {
      const text = await store.read(at.code(code))
      if (text && hash('sha256', text) === digest) return Buffer.from(text).toString()
      throw new CairnError(
        'CORRUPT',
        `the stored code ${fingerprint} differs from the code that run ${run} was planned with`,
        {
          next: 'explore with the current code',
        },
      )
    },
  }
}

/** Creates a step with the policies of the run. Its function is never called, because its code is stored. */
function stepOf(name: string, planned: PlannedStep, body: Stored, parameters: readonly string[]): Step {
  const { outputs, retry, timeoutMs, memory, cache, secrets } = planned
  const reaches =
    'manifest' in body ? body.manifest.reaches.flatMap(({ what }) => (what === 'console' ? [] : [what])) : []
  const definition = {
    params: anyOf(parameters),
    outputs: Object.fromEntries(Object.entries(outputs).map(([output, kind]) => [output, described(kind)])),
    acknowledge: reaches, // what was not would be in `cache`
    ...(retry && {
      retry: {
        times: retry.times,
        backoff: retry.backoffMs,
        maxBackoff: retry.maxBackoffMs,
        ...(retry.on && { on: retry.on }),
      },
    }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    ...(memory !== undefined && { memory }),
    ...(cache && { cache: 'never' in cache ? ('never' as const) : { maxAge: cache.maxAgeMs } }),
    ...(secrets && { secrets }),
    ...(planned.fallback && { catch: isStored }),
    run: isStored,
  }
  return renamed({ type: planned.source ? 'source' : 'step', definition } as unknown as Step, name)
}

function isStored(): never {
  throw new CairnError('BAD_DEFINITION', 'the code of this step is in the store')
}

/** Creates a kind that is only used for comparison. */
function described({ kind: name, version, schema }: KindDescription): AnyKind {
  const item = name === 'list' ? described((schema as unknown as { item: KindDescription }).item) : undefined
  return { name, version, schema, encode: isStored, decode: isStored, ...(item && { item }) }
}

function listOf(item: AnyKind): AnyKind {
  return described({ kind: 'list', version: 1, schema: { item: describeKind(item) } as unknown as Json })
}

function drawn(
  plan: Plan,
  id: string,
  node: PlannedNode,
  steps: ReadonlyMap<string, Step>,
  before: ReadonlyMap<string, Node>,
): Node {
  const kindAt = (ref: Ref): AnyKind => {
    if ('node' in ref) return before.get(ref.node)!.outputs[ref.output]!
    return kindAt((before.get(ref.item) as Extract<Node, { type: 'each' }>).over).item!
  }
  const kindsAt = (refs: Readonly<Record<string, Ref>>, make = (kind: AnyKind) => kind) =>
    Object.fromEntries(Object.entries(refs).map(([name, ref]) => [name, make(kindAt(ref))]))
  const { scope } = node
  const guards = node.guards.map(({ when, arm }) => ({ when, arm }))
  switch (node.type) {
    case 'given':
      throw node.from === OVERRIDDEN
        ? new CairnError(
            'BAD_PARAMETER',
            `the outputs of ${id} were overridden in run ${plan.run}, so it has no code of that step`,
            { next: 'choose another run as the base: cairn runs' },
          )
        : new CairnError(
            'BAD_PARAMETER',
            `run ${plan.run} took the outputs of ${id} from ${node.from}, so it has no code of that step`,
            { next: `use that run as the base: --base ${node.from}` },
          )
    case 'each': {
      const { over, batch, tolerate, collects } = node
      const lazily = {
        get outputs() {
          return kindsAt(collects, listOf)
        },
      }
      return Object.assign(lazily, { type: 'each' as const, id, scope, guards, over, batch, tolerate, collects })
    }
    case 'when': {
      const { then, otherwise, condition } = node
      const chosen = 'value' in condition ? { param: id, frame: CONDITIONS } : condition
      return { type: 'when', id, scope, guards, then, otherwise, condition: chosen, outputs: kindsAt(then) }
    }
    case 'step': {
      const step = steps.get(node.step)!
      const params = Object.fromEntries(Object.entries(node.params).map(([name, value]) => [name, { value }]))
      return {
        type: 'step',
        id,
        scope,
        guards,
        step,
        inputs: node.inputs,
        params,
        outputs: step.definition.outputs as Kinds,
      }
    }
  }
}

function parametersOf({ nodes }: Plan, step: string): string[] {
  const all = Object.values(nodes).flatMap((node) =>
    node.type === 'step' && node.step === step ? Object.keys(node.params) : [],
  )
  return [...new Set(all)]
}

/** Conditions that parameters decided. They keep their values. */
const CONDITIONS = ' conditions'

function decided({ nodes }: Plan): Params {
  const found = Object.entries(nodes).flatMap(([id, node]) =>
    node.type === 'when' && 'value' in node.condition ? [[id, node.condition.value] as const] : [],
  )
  return Object.fromEntries(found)
}

/** Creates a schema that accepts any values of these names, because the schema of the run is not stored. */
function anyOf(names: readonly string[]): AnySchema {
  return schemaOf(names, (value) => ({ value }))
}

/** Creates a schema that accepts only the run's parameters: their wiring is not stored, so they cannot be changed. */
function fixed(params: Params): AnySchema {
  return schemaOf(Object.keys(params), (value) => {
    const changed = Object.keys(value).filter((name) => canonical(value[name]) !== canonical(params[name]))
    const message = 'it cannot be changed with the code of the run; set a parameter of a step instead'
    return changed.length > 0 ? { issues: changed.map((name) => ({ message, path: [name] })) } : { value: params }
  })
}

function schemaOf(names: readonly string[], validate: (value: Params) => SchemaResult): AnySchema {
  const properties = Object.fromEntries(names.map((name) => [name, {}]))
  const jsonSchema = { input: () => ({ properties }), output: () => ({ properties }) }
  return { '~standard': { version: 1, vendor: 'cairn', validate: (value) => validate(value as Params), jsonSchema } }
}
type SchemaResult = ReturnType<AnySchema['~standard']['validate']>
