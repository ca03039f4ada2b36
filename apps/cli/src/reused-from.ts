import { parseTask, readRecord, type Plan } from '@cairn/records'
import { readEnds, readRun, type Workspace } from '@cairn/workspace'
import type { ArtifactPath } from './artifact-path.ts'
import { RecordedNames } from './recorded-names.ts'

/** The paths that computed the reused results of a run, a step or an item. */
export async function reusedFrom(
  workspace: Workspace,
  { pipeline, run: { plan }, node, item }: ArtifactPath,
): Promise<string[]> {
  const { store } = workspace
  const at = workspace.at(pipeline)
  const found = new Set<string>()
  for (const [task, end] of await readEnds(store, at, plan.run)) {
    const { node: id } = parseTask(task)
    const planned = plan.nodes[id]
    if (planned?.type !== 'step' || (node !== undefined && id !== node)) continue
    for (const [index, outcome] of end.items.entries()) {
      if (outcome.status !== 'completed' || outcome.how !== 'reused' || !('key' in outcome)) continue
      if (item !== undefined && (item.task !== task || item.index !== index)) continue
      const { key } = outcome
      const checkpoint = await readRecord<Checkpoint>(store, at.checkpoint(planned.step, key))
      const producer = checkpoint?.producer
      if (!producer) continue
      const step = node === undefined ? '' : `/${parseTask(producer.task).node}`
      const name = item === undefined ? '' : await itemOf(workspace, pipeline, producer, key)
      found.add(`${pipeline}/${producer.run}${step}${name}`)
    }
  }
  return [...found].sort()
}

interface Checkpoint {
  readonly v: number
  readonly producer: Producer
}
interface Producer {
  readonly run: string
  readonly task: string
}

/** The item's name in the run that computed it; undefined if that run was removed. */
async function itemOf(workspace: Workspace, pipeline: string, { run, task }: Producer, key: string): Promise<string> {
  const at = workspace.at(pipeline)
  let plan: Plan
  try {
    plan = (await readRun(workspace.store, at, run)).plan
  } catch {
    return ''
  }
  const items = (await readEnds(workspace.store, at, run)).get(task)?.items ?? []
  const index = items.findIndex((outcome) => 'key' in outcome && outcome.key === key)
  const name = index < 0 ? undefined : await new RecordedNames(workspace, plan).at(task, index)
  return name === undefined ? '' : `/${name}`
}
