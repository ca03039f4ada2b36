import { outputsOf, type Workspace } from '@cairn/workspace'
import { CairnError, type Artifact, type Compared } from '@cairn/kernel'
import type { Graph, Node } from '@cairn/kernel/contract'
import type { Plan } from '@cairn/records'
import { outputNamed } from './step-or-node.ts'
import { openIn } from './values.ts'

export interface CompareOutputOptions {
  /** For tables: the columns that identify rows. @default the position, if both tables have the same number of rows */
  readonly key?: readonly string[]
  /** Number of example rows. @default 10 */
  readonly rows?: number
  /**
   * For models: `<step>/<output>`, a table to evaluate both on. @default the table that the next step reads with the
   * model
   */
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
 * Compares an output of a step in two runs: for tables rows, columns and distributions, for models their predictions
 * for the same rows, for JSON and metrics each value.
 *
 * @throws CairnError NOT_FOUND for an output that a run or the pipeline does not have; BAD_PARAMETER for a kind that
 *   cannot be compared
 */
export async function compareOutputs(
  runs: TwoRuns,
  path: string,
  { key, rows = 10, data }: CompareOutputOptions = {},
): Promise<readonly Compared[]> {
  const { node, output, kind } = outputNamed(runs.graph, path)
  if (!kind.compare)
    throw new CairnError(
      'BAD_PARAMETER',
      `${node.id}/${output} is of kind ${kind.name}, which supports no comparison`,
      {
        next: 'show both values with cairn cat',
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
    throw new CairnError('NOT_FOUND', `run ${plan.run} has no output ${output} of ${node.id}`, {
      next: `cairn show ${plan.pipeline}/${plan.run}`,
    })
  }
  return [await one(runs.before), await one(runs.after)]
}

/** Finds the table that a step reads together with the model. */
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
