import { outputsOf, type Workspace } from '@cairn/workspace'
import { CairnError, type Artifact, type Compared } from '@cairn/kernel'
import type { Graph, Node } from '@cairn/kernel/contract'
import type { Plan } from '@cairn/records'
import { outputNamed } from './places.ts'
import { openIn } from './values.ts'

export interface CompareOutputOptions {
  /** Of tables: columns that tell rows apart. Default: their place, where both have as many rows. */
  readonly key?: readonly string[]
  /** How many rows to show as examples. Default: 10. */
  readonly rows?: number
  /** Of models: `<step>/<output>`, a table to try both on. Default: the one that the step after it reads beside the model. */
  readonly data?: string
}

/** Two runs of a pipeline, and its graph. */
export interface TwoRuns {
  readonly workspace: Workspace
  readonly graph: Graph
  readonly before: Plan
  readonly after: Plan
}

/**
 * How what a step gave in one run differs from what it gave in another: of tables the rows, columns, distributions and each
 * row; of models what they foretell for the same rows; of JSON and metrics each value.
 *
 * @throws CairnError NOT_FOUND for what a run did not give or the pipeline does not have; BAD_PARAMETER for a kind that
 *   cannot be compared
 */
export async function compareOutputs(
  runs: TwoRuns,
  place: string,
  { key, rows = 10, data }: CompareOutputOptions = {},
): Promise<readonly Compared[]> {
  const { node, output, kind } = outputNamed(runs.graph, place)
  if (!kind.compare)
    throw new CairnError(
      'BAD_PARAMETER',
      `${node.id}/${output} is ${kind.name}, of which only the digest is compared`,
      {
        next: `cairn cat shows both`,
      },
    )
  const [before, after] = await both(runs, node, output)
  const beside = kind.name === 'model' ? (data ?? besideModel(runs.graph, node, output)) : undefined
  const table = beside === undefined ? undefined : outputNamed(runs.graph, beside)
  const tried = table && (await both(runs, table.node, table.output))
  return kind.compare(before, after, {
    rows,
    ...(key && key.length > 0 && { key }),
    ...(tried && { tried: { before: tried[0], after: tried[1] } }),
  })
}

async function both(runs: TwoRuns, node: Node, output: string): Promise<[Artifact, Artifact]> {
  const one = async (plan: Plan): Promise<Artifact> => {
    const { workspace } = runs
    const ref = (await outputsOf(workspace.store, workspace.at(plan.pipeline), plan, node.id))?.[output]
    if (ref) return openIn({ workspace, base: plan }, ref)
    throw new CairnError('NOT_FOUND', `${node.id} gave no ${output} in run ${plan.run}`, {
      next: `cairn show ${plan.pipeline}/${plan.run}`,
    })
  }
  return [await one(runs.before), await one(runs.after)]
}

/** The table that a step which reads the model reads, too. */
function besideModel(graph: Graph, { id }: Node, output: string): string | undefined {
  for (const reader of graph.nodes.values()) {
    if (reader.type !== 'step' || reader.scope.length > 0) continue
    const read = Object.values(reader.inputs).filter((ref) => 'node' in ref)
    if (!read.some((ref) => ref.node === id && ref.output === output)) continue
    const table = read.find((ref) => graph.nodes.get(ref.node)?.outputs[ref.output]?.name === 'table')
    if (table) return `${table.node}/${table.output}`
  }
  return undefined
}
