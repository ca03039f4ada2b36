import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { outputsOf } from '@cairn/workspace'
import { CairnError, type AnyKind, type SampleSize } from '@cairn/kernel'
import { storeArtifact, makeArtifact, writeManifest, type EncodedArtifact } from '@cairn/records'
import { takeFile } from '@cairn/files'
import type { NodeOverride } from '@cairn/planner'
import type { StepNode } from '@cairn/kernel/contract'
import type { Override } from './edits.ts'
import { indexOf, itemsOf, type Item } from './items.ts'
import type { Session } from './session.ts'
import { artifactOf, openIn } from './values.ts'

/** Creates an override that sets an output of a step. */
export function setValue(node: StepNode, output: string, kind: AnyKind, value: unknown): Override {
  return override(node, output, async (session) => ({ made: await encode(session, kind, value), how: 'set by hand' }))
}

/** Creates an override with a sample of the rows of an output in the explored run. */
export function cut(node: StepNode, output: string, kind: AnyKind, size: SampleSize): Override {
  if (!kind.sample)
    throw new CairnError('BAD_PARAMETER', `${node.id}.${output} is of kind ${kind.name}, which cannot be sampled`, {
      next: 'only a table can be sampled; for a list, select items',
    })
  return override(node, output, async (session) => {
    const whole = openIn(session, await artifactOf(session, session.base, { node: node.id, output }))
    const { value, kept, of } = await kind.sample!(whole, size)
    return { made: await encode(session, kind, value), how: `cut to ${count(kept)} of ${count(of)} rows` }
  })
}

/** A selection of items: a number of first items, or indices and labels. */
export type Which = number | readonly Item[]

/** Creates an override with some items of an output in the explored run, for one `each` that maps over it. */
export function someItems(node: StepNode, output: string, each: string, which: Which): Override {
  const make = async (session: Session) => {
    const list = await artifactOf(session, session.base, { node: node.id, output })
    const all = await itemsOf(session, list)
    if (typeof which === 'number' && which > all.length)
      throw new CairnError('BAD_PARAMETER', `${which} items of ${each} were requested, but it has only ${all.length}`, {
        next: `use ${all.length} or fewer, or remove the selection`,
      })
    const chosen =
      typeof which === 'number' ? all.slice(0, which) : which.map((item) => all[indexOf(all, item, node.id)]!)
    const { ref, content } = makeArtifact({ bytes: writeManifest(chosen), summary: { items: chosen.length } })
    const made = { ref: { ...ref, items: chosen.length }, ...(content && { content }) }
    return { made, how: `cut to ${count(chosen.length)} of ${count(all.length)} items for ${each}` }
  }
  return { ...override(node, output, make, partFor(output, each)), each }
}

/** Returns the name of the output that holds the part for one `each`. */
export function partFor(output: string, each: string): string {
  return `${output} for ${each}`
}

/** Encoded once for a session, however many runs use it. The node's other outputs are those of the explored run. */
function override(
  { id: node }: StepNode,
  output: string,
  make: (session: Session) => Promise<{ readonly made: EncodedArtifact; readonly how: string }>,
  name = output,
): Override {
  const makeIn = async (session: Session): Promise<NodeOverride> => {
    const { workspace, base } = session
    const at = workspace.at(base.pipeline)
    const { made, how } = await make(session)
    const others = await outputsOf(workspace.store, at, base, node)
    const outputs = { ...others, [name]: await storeArtifact(workspace.store, at, made) }
    return { outputs, taints: [{ node, output, how }] }
  }
  const made = new WeakMap<Session, Promise<NodeOverride>>()
  return {
    node,
    output,
    make(session) {
      const known = made.get(session) ?? makeIn(session)
      made.set(session, known)
      return known
    },
  }
}

async function encode({ workspace }: Session, kind: AnyKind, value: unknown): Promise<EncodedArtifact> {
  const { signal } = new AbortController()
  const file = () => join(workspace.scratch(), randomUUID())
  return makeArtifact(await kind.encode(value, { file, take: (path) => takeFile(path, file), signal }))
}

function count(number: number): string {
  return number.toLocaleString('en')
}
