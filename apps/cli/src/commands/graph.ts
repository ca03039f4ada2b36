import { refuseMisuses } from '@cairn/workspace'
import { describeKind } from '@cairn/kernel'
import type { Graph, Node, Ref } from '@cairn/kernel/contract'
import { openPipeline, openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { paint } from '../terminal/style.ts'
import { mermaid } from '../mermaid.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn graph`: draws a pipeline's steps and their connections. */
export default async function graph(
  name: string | undefined,
  options: { mermaid?: boolean },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const loaded = await openPipeline(workspace, name)
  await refuseMisuses(workspace, loaded)
  const { pipeline } = loaded
  if (json) return printData(JSON.stringify(graphJson(pipeline.graph), null, 2))
  printLines(options.mermaid ? mermaid(pipeline.graph) : graphText(pipeline.graph))
}

/** One line per node, in execution order. Lines at the left lead from an output to the nodes that read it. */
function graphText(graph: Graph): string {
  const nodes = [...graph.nodes.values()]
  const last = lastReaders(nodes)
  /** Outputs that are still to be read, one per column. */
  const open: (string | undefined)[] = []
  const lines: string[] = []
  const width = Math.max(...nodes.map(({ id, scope }) => id.length + scope.length * 2))
  for (const [at, node] of nodes.entries()) {
    const reads = new Set(readsOf(node))
    const columns: string[] = open.map((id) => (id === undefined ? ' ' : reads.has(id) ? '├' : '│'))
    const done = open.map((id) => id !== undefined && reads.has(id) && last.get(id) === at)
    for (const [column, isDone] of done.entries()) if (isDone) [open[column], columns[column]] = [undefined, '╰']
    let own = -1
    if (last.has(node.id)) {
      own = open.indexOf(undefined)
      if (own < 0) own = open.length
      open[own] = node.id
    }
    const rail = railText(columns, own)
    const label = `${'  '.repeat(node.scope.length)}${node.id}`
    lines.push(
      `${paint('dim', rail.padEnd(RAIL))} ${paint('bold', label.padEnd(width))}  ${paint('dim', describe(node))}`,
    )
    while (open.length > 0 && open.at(-1) === undefined) open.pop()
  }
  return lines.join('\n')
}

const RAIL = 10

function railText(columns: readonly string[], own: number): string {
  const first = columns.findIndex((column) => column === '├' || column === '╰')
  const marks = [...columns]
  if (own >= 0 && (marks[own] ?? ' ') === ' ') marks[own] = '●'
  return marks
    .map((mark, at) => {
      const inside = first >= 0 && at >= first
      return (inside && mark === ' ' ? '─' : mark === undefined ? ' ' : mark) + (inside ? '─' : ' ')
    })
    .join('')
    .concat(own >= 0 ? '' : '○')
}

function lastReaders(nodes: readonly Node[]): Map<string, number> {
  const last = new Map<string, number>()
  for (const [at, node] of nodes.entries()) for (const id of readsOf(node)) last.set(id, at)
  return last
}

function readsOf(node: Node): string[] {
  const refs: Ref[] =
    node.type === 'step'
      ? Object.values(node.inputs)
      : node.type === 'each'
        ? [node.over]
        : 'param' in node.condition
          ? []
          : [node.condition]
  return [...new Set(refs.flatMap((ref) => ('node' in ref ? [ref.node] : [ref.item])))]
}

function describe(node: Node): string {
  const gives = Object.entries(node.outputs)
    .map(([name, kind]) => `${name}: ${kind.name}`)
    .join(', ')
  if (node.type === 'each') return `for each of ${refText(node.over)}, ${node.batch} at a time  → ${gives}`
  if (node.type === 'when')
    return `when ${'param' in node.condition ? node.condition.param : refText(node.condition)}  → ${gives}`
  const inputs = Object.entries(node.inputs).map(([name, ref]) =>
    refText(ref).endsWith(`.${name}`) ? refText(ref) : `${name} ← ${refText(ref)}`,
  )
  return `${node.step.type === 'source' ? 'source' : inputs.join(', ')}  → ${gives}`
}

function refText(ref: Ref): string {
  return 'item' in ref ? `item of ${ref.item}` : `${ref.node}.${ref.output}`
}

function graphJson(graph: Graph): object {
  const nodes = [...graph.nodes.values()].map((node) => ({
    id: node.id,
    type: node.type === 'step' ? node.step.type : node.type,
    scope: node.scope,
    guards: node.guards,
    reads: readsOf(node),
    ...(node.type === 'step' && { step: node.step.name, inputs: node.inputs }),
    outputs: Object.fromEntries(Object.entries(node.outputs).map(([name, kind]) => [name, describeKind(kind)])),
  }))
  return { pipeline: graph.name, nodes, outputs: graph.outputs }
}
