import { CairnError, type AnyKind, type Artifact, type ArtifactRef } from '@cairn/kernel'
import { openArtifact, type Plan } from '@cairn/records'
import type { Node } from '@cairn/kernel/contract'
import { outputsOf } from '@cairn/workspace'
import { outputNamed } from '@cairn/explore'
import { artifactAt, insideOf, itemKind } from '../artifact-path.ts'
import { objectFile } from '../object-file.ts'
import { previewText } from '../preview.ts'
import { paint } from '../terminal/style.ts'
import type { ReplSession } from './session.ts'

/** A requested artifact. */
export interface Shown {
  /** `<step>/<output>`. */
  readonly place: string
  readonly run: string
  readonly kind: AnyKind
  readonly artifact: Artifact
}

/** An artifact as `cairn cat` shows it, with its run. */
export async function previewOf(session: ReplSession, place: string, rows = '20'): Promise<string> {
  if (!/^[1-9]\d*$/.test(rows))
    throw new CairnError('BAD_PARAMETER', `"${rows}" is not a row count`, { next: `.show ${place} 100` })
  const { kind, artifact, ...shown } = await findShown(session, place)
  const { digest, size, summary } = artifact.ref
  const preview = kind.preview
    ? await kind.preview(artifact, { rows: Number(rows) })
    : { type: 'summary' as const, fields: { digest, bytes: size, ...summary } }
  const text = previewText(preview).replace(/-n <count>(?= shows more\S*$)/, `.show ${shown.place} <rows>`)
  return `${paint('dim', `${shown.place} of ${shown.run}`)}\n${text}`
}

/** `<step>[/<output>]` of the last run, or of the base if the last run has none. */
export async function findShown({ lab, last }: ReplSession, text: string): Promise<Shown> {
  const { workspace, loaded, base } = lab.session
  const [id = '', ...words] = text.split('/')
  const named = loaded.pipeline.graph.nodes.get(id)
  const plans = last ? [last, base] : [base]
  const isInEach = named !== undefined && named.scope.length > 0 && words.length > 0
  if (named && (isInEach || words.length > 1)) return itemShown(named, words)
  const { node, output, kind } = outputNamed(loaded.pipeline.graph, text)
  const at = workspace.at(base.pipeline)
  for (const plan of plans) {
    const ref = (await outputsOf(workspace.store, at, plan, node.id))?.[output]
    if (ref) return { place: `${node.id}/${output}`, run: plan.run, kind, artifact: open(ref) }
  }
  throw nothingGiven(node, last ?? base)

  async function itemShown({ outputs }: Node, words: readonly string[]): Promise<Shown> {
    const plan = plans.find(({ nodes }) => nodes[id] !== undefined && nodes[id].type !== 'given') ?? base
    if (plan.nodes[id] === undefined) throw nothingGiven(named!, plan)
    const inside = await insideOf(workspace, plan, id, words)
    const place = { pipeline: plan.pipeline, run: { plan, end: undefined }, node: id, ...inside }
    const { ref, output, path, depth } = await artifactAt(workspace, place)
    const name = path.split('/').slice(2).join('/')
    return { place: name, run: plan.run, kind: itemKind(outputs[output], depth)!, artifact: open(ref) }
  }

  function open(ref: ArtifactRef): Artifact {
    const fetch = (wanted: ArtifactRef) => objectFile(workspace, base, wanted)
    return openArtifact(ref, fetch, () => workspace.scratch())
  }
}

function nothingGiven({ id, scope }: Node, { run }: Plan): CairnError {
  const around = scope.at(-1)
  return around === undefined
    ? new CairnError('NOT_FOUND', `${id} has no outputs in run ${run}`, { next: '.run computes it' })
    : new CairnError('BAD_PARAMETER', `${id} runs once for each item of ${around}`, {
        next: `.show ${id}/#0, or .show ${around}`,
      })
}
