import { copyFileSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { Workspace } from '@cairn/workspace'
import { artifactBytes, inlineBytes, openArtifact } from '@cairn/records'
import { CairnError, type AnyKind, jsonText, type Preview } from '@cairn/kernel'
import { findArtifact, kindOf } from '../artifact-path.ts'
import { listItems, type FoundList } from '../list-items.ts'
import { objectFile } from '../object-file.ts'
import { isForeign } from '../written-files.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { previewText } from '../preview.ts'
import { printData, printLines } from '../terminal/print.ts'

interface Options {
  readonly rows: number
  readonly raw?: boolean
  readonly out?: string
}

/** `cairn cat`: prints the preview of an artifact. */
export default async function cat(
  path: string,
  { rows, raw, out }: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const found = await findArtifact(workspace, path)
  const { ref, pipeline, node, output, depth } = found
  const fetch = (wanted: typeof ref) => objectFile(workspace, { pipeline }, wanted)
  if (out !== undefined) {
    const kind = await kindOf(workspace, { pipeline, node }, output, depth)
    refuseEnding(out, kind, found.path)
    if (await isForeign(workspace, pipeline, { file: out, node, output }))
      throw new CairnError('REFUSED', `${out} already exists and was not written by a run of ${pipeline}`, {
        next: 'choose another file, or move this one away',
      })
    const held = inlineBytes(ref)
    if (held) writeFileSync(out, held)
    else copyFileSync(await fetch(ref), out)
    return printLines(out)
  }
  if (raw) return printData(await artifactBytes(ref, fetch))
  try {
    const kind = await kindOf(workspace, { pipeline, node }, output, depth)
    const preview: Preview = kind?.preview
      ? await kind.preview(
          openArtifact(ref, fetch, () => workspace.scratch()),
          { rows },
        )
      : { type: 'summary', fields: { digest: ref.digest, bytes: ref.size, ...ref.summary } }
    const list = { ...found, plan: found.run.plan }
    const shown = ref.items !== undefined && depth === 0 ? await numbered(workspace, preview, list) : preview
    if (json) printData(jsonText(shown, 2))
    else printLines(previewText(shown))
  } finally {
    workspace.close()
  }
}

/** A list with the item numbers of the `each` that produced it. */
async function numbered(workspace: Workspace, preview: Preview, list: FoundList): Promise<Preview> {
  if (preview.type !== 'table' || preview.columns[0]?.name !== 'index') return preview
  const items = await listItems(workspace, list)
  return { ...preview, rows: preview.rows.map(([, ...cells], at) => [items[at]!.indices[0]!, ...cells]) }
}

/** Refuses a file extension that does not match the content. */
function refuseEnding(file: string, kind: AnyKind | undefined, path: string): void {
  const ending = extname(file).slice(1)
  if (ending === '' || !kind?.extension || ending.toLowerCase() === kind.extension.toLowerCase()) return
  const named = `${file.slice(0, -ending.length)}${kind.extension}`
  throw new CairnError('REFUSED', `${path} is written as .${kind.extension}, but ${file} ends in .${ending}`, {
    next: `cairn cat ${path} --out ${named}`,
  })
}
