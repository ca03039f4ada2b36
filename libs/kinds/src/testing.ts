import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CairnError,
  canonical,
  contentOf,
  describeKind,
  type Artifact,
  type ArtifactRef,
  type Encoded,
  type EncodedItem,
  type Encoder,
  type Kind,
} from '@cairn/kernel'

export { writeOnnx } from './model/write-onnx.ts'

/** Values with which {@link checkKind} tests a kind. */
export interface KindSamples<Read, Write> {
  /** Values that the kind must write and read back. */
  readonly values: readonly Write[]
  /** Values that it must refuse, with `BAD_OUTPUT`. */
  readonly refused?: readonly unknown[]
  /** Converts a value that was read to a comparable form. @default the value itself */
  readonly read?: (read: Read) => unknown
  /** Returns the expected result of reading a written value. @default the written value */
  readonly expect?: (written: Write) => unknown
}

/**
 * Checks what the engine requires of a kind: written values can be read back, the same value gives the same bytes,
 * wrong values are refused with BAD_OUTPUT, and previews and comparisons are JSON.
 *
 * @throws AssertionError with the requirement that fails and the sample
 */
export async function checkKind<Read, Write>(
  kind: Kind<Read, Write>,
  { values, refused = [], read = (value) => value, expect = (value) => value }: KindSamples<Read, Write>,
): Promise<void> {
  const described = describeKind(kind)
  canonical(described)
  assert.equal(kind.accepts?.(described) ?? true, true, `${kind.name} does not accept its own output`)
  using folder = artifactFolder()
  for (const [index, value] of values.entries()) {
    const sample = `${kind.name}, value ${index}`
    const first = await folder.write(kind, value)
    const again = await folder.write(kind, value)
    assert.equal(contentOf(again.ref), contentOf(first.ref), `${sample}: two writes produced different bytes`)
    assert.deepEqual(
      await read(await kind.decode(first)),
      await expect(value),
      `${sample}: the value read back differs`,
    )
    for (const shown of Object.values(first.ref.summary ?? {}))
      assert.ok(typeof shown === 'string' || Number.isFinite(shown), `${sample}: the summary contains ${shown}`)
    if (kind.compare) canonical(await kind.compare(first, again, { rows: 3 }), `${sample}: the comparison with itself`)
    if (kind.preview) canonical(await kind.preview(first, { rows: 3 }), `${sample}: the preview`)
  }
  for (const [index, value] of refused.entries()) {
    const sample = `${kind.name}, refused value ${index}`
    const error = await folder.write(kind, value as Write).then(
      () => assert.fail(`${sample}: the value is accepted`),
      (error: unknown) => error,
    )
    if (error instanceof assert.AssertionError) throw error
    assert.ok(
      error instanceof CairnError && error.code === 'BAD_OUTPUT',
      `${sample}: unexpected error: ${String(error)}`,
    )
  }
}

/** A temporary folder that stores artifacts, for tests. */
export interface ArtifactFolder extends Disposable {
  readonly encoder: Encoder
  write<Write>(kind: Kind<any, Write>, value: Write): Promise<Artifact>
}

export function artifactFolder(): ArtifactFolder {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-kinds-'))
  const paths = new Map<string, string>()
  let files = 0
  const encoder: Encoder = {
    file: () => join(folder, String(files++)),
    async take(path) {
      const taken = encoder.file()
      await copyFile(path, taken)
      return taken
    },
    signal: new AbortController().signal,
  }

  const keep = async (encoded: Encoded | EncodedItem): Promise<ArtifactRef> => {
    const items = 'items' in encoded && (await Promise.all(encoded.items.map(keep)))
    const bytes = items ? Buffer.from(canonical({ v: 1, items })) : 'bytes' in encoded ? encoded.bytes : undefined
    const path = 'file' in encoded ? encoded.file : encoder.file()
    if (bytes) await writeFile(path, bytes)
    const content = bytes ?? readFileSync(path)
    const digest = createHash('sha256').update(content).digest('hex')
    paths.set(digest, path)
    const { summary, contentDigest, label } = encoded as EncodedItem
    return {
      digest,
      size: content.byteLength,
      ...(summary && { summary }),
      ...(contentDigest !== undefined && { contentDigest }),
      ...(label !== undefined && { label }),
      ...(items && { items: items.length }),
    }
  }
  const open = (ref: ArtifactRef): Artifact => ({
    ref,
    bytes: async () => readFileSync(paths.get(ref.digest)!),
    path: async () => paths.get(ref.digest)!,
    item: open,
  })
  return {
    encoder,
    write: async (kind, value) => open(await keep(await kind.encode(value, encoder))),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
