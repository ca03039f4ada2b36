import { canonical, type ArtifactRef, type Json } from '@cairn/kernel'
import type { EndRecord, Plan } from '@cairn/records'
import { changesOfCode, changesText } from './explain-code.ts'
import { changedTexts } from './changed-text.ts'
import { artifact } from './format.ts'
import { number } from './number-text.ts'
import { readEnds, readRun } from './runs.ts'
import type { Workspace } from './workspace.ts'

/** A difference between two runs, in their inputs, status or results. */
export interface Difference {
  readonly what: 'parameter' | 'source' | 'code' | 'step' | 'data' | 'metric' | 'status'
  /** `<node>.<parameter or metric>` or `<node>/<output>`. */
  readonly name: string
  readonly before: string
  readonly after: string
}

interface Side {
  readonly plan: Plan
  readonly ends: ReadonlyMap<string, EndRecord>
}

/** Compares two runs of a pipeline. */
export async function compareRuns(
  workspace: Workspace,
  pipeline: string,
  one: string,
  other: string,
): Promise<Difference[]> {
  const side = async (run: string): Promise<Side> => {
    const at = workspace.at(pipeline)
    const { plan } = await readRun(workspace.store, at, run)
    return { plan, ends: await readEnds(workspace.store, at, run) }
  }
  const [before, after] = [await side(one), await side(other)]
  return [
    ...(await comparePlans(workspace, before.plan, after.plan)),
    ...data(before, after),
    ...metrics(before, after),
  ]
}

/** Compares two plans: parameters, sources, code and steps. */
export async function comparePlans(workspace: Workspace, before: Plan, after: Plan): Promise<Difference[]> {
  return [...params(before, after), ...(await code(workspace, before, after))]
}

function params(before: Plan, after: Plan): Difference[] {
  const found = changed('parameter', '', before.params, after.params)
  for (const id of nodesOf(before, after)) {
    const [one, other] = [before.nodes[id], after.nodes[id]]
    if (one?.type === 'step' && other?.type === 'step')
      found.push(
        ...changed('parameter', `${id}.`, one.params, other.params),
        ...changed('source', `${id}.`, one.versions ?? {}, other.versions ?? {}),
      )
  }
  return found
}

function changed(
  what: Difference['what'],
  prefix: string,
  before: Readonly<Record<string, Json>>,
  after: Readonly<Record<string, Json>>,
): Difference[] {
  const text = (value: Json | undefined) => (value === undefined ? '' : canonical(value))
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => text(before[name]) !== text(after[name]))
    .map((name) => ({
      what,
      name: prefix + name,
      ...sides(before[name], after[name]),
    }))
}

function sides(was: Json | undefined, is: Json | undefined, absent = ''): Pick<Difference, 'before' | 'after'> {
  const [before, after] = changedTexts(was, is, absent)
  return { before, after }
}

async function code(workspace: Workspace, before: Plan, after: Plan): Promise<Difference[]> {
  const found: Difference[] = []
  for (const id of nodesOf(before, after)) {
    const [one, other] = [before.nodes[id], after.nodes[id]]
    if (!one || !other) {
      found.push({ what: 'step', name: id, before: one ? 'there' : 'missing', after: other ? 'there' : 'missing' })
      continue
    }
    if (one.type !== 'step' || other.type !== 'step') continue
    const [then, now] = [before.steps[one.step]!.code, after.steps[other.step]!.code]
    if (!('fingerprint' in then) || !('fingerprint' in now) || then.fingerprint === now.fingerprint) continue
    for (const change of changesText(await changesOfCode(workspace, after, id, then, now)))
      found.push({ what: 'code', name: id, before: '', after: change })
  }
  return found
}

function data(before: Side, after: Side): Difference[] {
  const found: Difference[] = []
  for (const id of nodesOf(before.plan, after.plan)) {
    const [one, other] = [before.ends.get(id), after.ends.get(id)]
    if (!one || !other) continue
    if (one.status !== other.status) found.push({ what: 'status', name: id, before: one.status, after: other.status })
    const [then, now] = [outputs(one), outputs(other)]
    const isPlain = one.status === 'completed' && other.status === 'completed'
    for (const name of namesOf(then, now)) {
      const [was, is] = [then[name], now[name]]
      if (was?.digest === is?.digest || (!isPlain && !(was && is))) continue
      found.push({ what: 'data', name: `${id}/${name}`, before: dataText(was, is), after: dataText(is, was) })
    }
  }
  return found
}

function metrics(before: Side, after: Side): Difference[] {
  const found: Difference[] = []
  for (const id of nodesOf(before.plan, after.plan)) {
    for (const name of new Set([...metricsOutputs(before.plan, id), ...metricsOutputs(after.plan, id)])) {
      const [was, is] = [outputAt(before, id, name), outputAt(after, id, name)]
      found.push(...measured(`${id}.`, was ? valuesOf(was) : {}, is ? valuesOf(is) : {}))
    }
  }
  return found
}

function measured(
  prefix: string,
  before: Readonly<Record<string, Json>>,
  after: Readonly<Record<string, Json>>,
): Difference[] {
  return namesOf(before, after).flatMap((name): Difference[] => {
    const [was, is] = [before[name], after[name]]
    if (Object.is(is, was)) return []
    const change = typeof is === 'number' && typeof was === 'number' ? is - was : undefined
    const by = change === undefined ? '' : `  (${change > 0 ? '+' : ''}${number(change)})`
    const texts = sides(was, is, ABSENT)
    return [{ what: 'metric', name: prefix + name, ...texts, after: texts.after + by }]
  })
}

function metricsOutputs({ nodes, steps }: Plan, id: string): string[] {
  const node = nodes[id]
  if (node?.type !== 'step') return []
  return Object.entries(steps[node.step]!.outputs).flatMap(([name, { kind }]) => (kind === 'metrics' ? [name] : []))
}

function outputAt({ plan, ends }: Side, id: string, output: string): ArtifactRef | undefined {
  const [node, end] = [plan.nodes[id], ends.get(id)]
  return node?.type === 'given' ? node.outputs[output] : end && outputs(end)[output]
}

/** Shown for what only the other run has. */
const ABSENT = 'none'

function namesOf(before: object, after: object): string[] {
  return [...new Set([...Object.keys(after), ...Object.keys(before)])]
}

function valuesOf({ text, summary = {} }: ArtifactRef): Readonly<Record<string, Json>> {
  return text === undefined ? summary : (JSON.parse(text) as Record<string, Json>)
}

function outputs({ items: [outcome] }: EndRecord): Readonly<Record<string, ArtifactRef>> {
  return outcome?.status === 'completed' ? outcome.outputs : {}
}

function nodesOf(before: Plan, after: Plan): string[] {
  return [...new Set([...Object.keys(after.nodes), ...Object.keys(before.nodes)])]
}

/** Shows a digest, and the artifact's summary if that has changed. Metrics are compared one by one elsewhere. */
function dataText(ref: ArtifactRef | undefined, other: ArtifactRef | undefined): string {
  if (!ref) return ABSENT
  const digest = ref.digest.slice(0, 8)
  const [is, was] = [artifact(ref), other && artifact(other)]
  return is === was ? digest : cutText(`${digest} ${is}`)
}

function cutText(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
