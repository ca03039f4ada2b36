import { artifact, error, signature } from './artifact-shape.ts'
import { neededBy } from './needs.ts'
import type { Condition, Plan } from './plan-record.ts'
import type { Ref } from '../define/graph.ts'
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
  tagged,
  text,
  truth,
  type Shape,
} from './shape.ts'

const ref = having('item', object({ item: name }), object({ node: name, output: name }))
const condition = having('value', object({ value: truth }), ref)
const refs = map(ref)

const pinned = having(
  'inline',
  object({ inline: text }),
  object({ fingerprint: name, digest: name }, { packages: name }),
)
const step = object(
  {
    code: pinned,
    source: truth,
    outputs: map(object({ kind: text, version: number, schema: json })),
  },
  {
    fallback: pinned,
    retry: object({ times: number, backoffMs: number, maxBackoffMs: number }, { on: list(text) }),
    timeoutMs: number,
    memory: number,
    cache: having('never', object({ never: text }), object({ maxAgeMs: number })),
    secrets: list(text),
  },
)

const type = one('step', 'each', 'when', 'given')
const placed = {
  type,
  scope: list(name),
  guards: list(object({ when: name, condition, arm: truth })),
}
const node = tagged('type', {
  step: object(
    { ...placed, step: name, inputs: refs, params: map(json) },
    { versions: map(text), unread: error, force: truth },
  ),
  each: object({
    ...placed,
    over: ref,
    batch: positive,
    tolerate: object({}, { items: number, share: number }),
    collects: refs,
  }),
  when: object({ ...placed, condition, then: refs, otherwise: refs }),
  given: object({ ...placed, from: text, outputs: map(artifact) }, { step: name, stale: text }),
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
    taints: list(object({ node: text, output: text, how: text })),
    signature,
  },
)

export const plan: Shape = (value) => fields(value) ?? unwired(value as Plan)

/** What a plan names and does not have. */
function unwired({ nodes, steps }: Plan): string | undefined {
  const typeOf = (id: string) => (Object.hasOwn(nodes, id) ? nodes[id]!.type : undefined)
  for (const [id, planned] of Object.entries(nodes)) {
    if (planned.type === 'step' && !Object.hasOwn(steps, planned.step))
      return `.nodes.${id} is of a step that it has not, ${planned.step}`
    for (const [depth, each] of planned.scope.entries())
      if (typeOf(each) !== 'each' || nodes[each]!.scope.length !== depth)
        return `.nodes.${id} is inside ${each}, which is no such \`each\``
    for (const used of refsOf(planned)) {
      const isThere = 'item' in used ? typeOf(used.item) === 'each' : typeOf(used.node) !== undefined
      if (!isThere) return `.nodes.${id} reads ${'item' in used ? used.item : used.node}, which it has not`
    }
  }
  return circleIn(nodes)
}

function refsOf(planned: Plan['nodes'][string]): Ref[] {
  const all: Condition[] = planned.guards.map(({ condition }) => condition)
  if (planned.type === 'step') all.push(...Object.values(planned.inputs))
  if (planned.type === 'each') all.push(planned.over)
  if (planned.type === 'when') all.push(planned.condition)
  return all.filter((used): used is Ref => !('value' in used))
}

/** Nodes that wait for each other would never run. */
function circleIn(nodes: Plan['nodes']): string | undefined {
  const open = new Map(Object.keys(nodes).map((id) => [id, new Set(neededBy(nodes, id).filter((need) => need !== id))]))
  const readers = new Map<string, string[]>()
  for (const [id, needs] of open) for (const need of needs) readers.set(need, [...(readers.get(need) ?? []), id])
  const free = [...open].flatMap(([id, needs]) => (needs.size === 0 ? [id] : []))
  for (const id of free) {
    open.delete(id)
    for (const reader of readers.get(id) ?? []) {
      open.get(reader)?.delete(id)
      if (open.get(reader)?.size === 0) free.push(reader)
    }
  }
  const [first] = open.keys()
  return first === undefined ? undefined : `.nodes.${first} waits for itself`
}
