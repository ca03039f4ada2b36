import { copyFileSync, writeFileSync } from 'node:fs'
import { artifactBytes, inlineBytes, jsonText, openArtifact, type Preview } from '@cairn/kernel/runtime'
import { findArtifact, kindOf, objectFile } from '../artifact-path.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { previewText } from '../preview.ts'
import { printLines } from '../terminal/print.ts'

interface Options {
  readonly rows: number
  readonly raw?: boolean
  readonly out?: string
}

/** `cairn cat`: an artifact, as its kind shows it to people. */
export default async function cat(
  path: string,
  { rows, raw, out }: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const { ref, pipeline, node, output } = await findArtifact(workspace, path)
  const fetch = (wanted: typeof ref) => objectFile(workspace, { pipeline }, wanted)
  if (out !== undefined) {
    const held = inlineBytes(ref)
    if (held) writeFileSync(out, held)
    else copyFileSync(await fetch(ref), out)
    return printLines(out)
  }
  if (raw) return void process.stdout.write(await artifactBytes(ref, fetch))
  try {
    const kind = await kindOf(workspace, { pipeline, node }, output)
    const preview: Preview = kind?.preview
      ? await kind.preview(
          openArtifact(ref, fetch, () => workspace.scratch()),
          { rows },
        )
      : { type: 'summary', fields: { digest: ref.digest, bytes: ref.size, ...ref.summary } }
    if (json) console.log(jsonText(preview, 2))
    else printLines(previewText(preview))
  } finally {
    workspace.close()
  }
}
