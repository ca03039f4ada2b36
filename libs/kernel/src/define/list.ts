import { CairnError } from '../errors.ts'
import type { Json } from '../json.ts'
import {
  describeKind,
  fits,
  type AnyKind,
  type Artifact,
  type ArtifactRef,
  type EncodedItem,
  type Kind,
  type KindDescription,
} from './kind.ts'
import { shown } from './options.ts'

/** A list of artifacts, each opened only when it is asked for. */
export interface List<out Item> extends AsyncIterable<Item> {
  readonly length: number
  at(index: number): Promise<Item>
  /** What the maker of the list called an item. */
  labelAt(index: number): string | undefined
  /** Every item at once; for lists that fit in memory. */
  all(): Promise<Item[]>
}

/** Many artifacts of one kind, each with a digest of its own: what `each` maps over, and what it gives. */
export function list<Read, Write>(
  item: Kind<Read, Write>,
): Kind<List<Read>, Iterable<Write> | AsyncIterable<Write>> & { readonly item: Kind<Read, Write> } {
  if (typeof (item as Partial<AnyKind> | undefined)?.name !== 'string')
    throw new CairnError('BAD_DEFINITION', `list is given ${shown(item)}, which is no artifact kind`, {
      next: 'write it like list(json<number>())',
    })
  const schema = { item: describeKind(item) } as unknown as Json
  return {
    name: 'list',
    version: 1,
    schema,
    item,
    extension: 'json',
    async encode(values, to) {
      const items: EncodedItem[] = []
      for await (const value of values) {
        const encoded = await item.encode(value, to)
        if ('items' in encoded) throw new TypeError('a list of lists is not supported: map over each list instead')
        items.push(encoded)
      }
      return { items, summary: { items: items.length } }
    },
    async decode(artifact) {
      return openList(item, artifact, parseManifest(await artifact.bytes()))
    },
    async preview(artifact, { rows }) {
      const refs = parseManifest(await artifact.bytes())
      const shown: Json[][] = []
      for (const [index, ref] of refs.slice(0, rows).entries())
        shown.push([index, ref.label ?? '', ref.size, await valueOf(item, artifact.item(ref), rows)])
      const columns = ['index', 'label', 'bytes', 'value'].map((name, at) => ({
        name,
        type: at % 2 === 0 ? 'int64' : 'string',
      }))
      return { type: 'table', columns, rows: shown, total: refs.length }
    },
    accepts: ({ kind, schema }) => kind === 'list' && fits(item, (schema as unknown as { item: KindDescription }).item),
  }
}

/** An item as one value: what its kind shows of it, a list's items, or how large it is. */
async function valueOf(kind: AnyKind, artifact: Artifact, rows: number): Promise<Json> {
  const { ref } = artifact
  if (kind.item) {
    const refs = parseManifest(await artifact.bytes())
    const values: Json[] = []
    for (const inner of refs.slice(0, rows)) values.push(await valueOf(kind.item, artifact.item(inner), rows))
    return refs.length > rows ? [...values, `… ${refs.length - rows} more`] : values
  }
  if (ref.summary?.['rows'] !== undefined || !kind.preview) return ref.summary ?? ref.digest.slice(0, 12)
  const preview = await kind.preview(artifact, { rows })
  if (preview.type === 'json') return preview.value
  if (preview.type === 'text') return preview.text
  return preview.type === 'summary' ? preview.fields : `${preview.total} rows`
}

function openList<Item>(kind: Kind<Item, never>, artifact: Artifact, refs: readonly ArtifactRef[]): List<Item> {
  const at = async (index: number): Promise<Item> => {
    const ref = refs[index]
    if (!ref) throw new RangeError(`item ${index} of a list of ${refs.length}`)
    return kind.decode(artifact.item(ref))
  }
  return {
    length: refs.length,
    at,
    labelAt: (index) => refs[index]?.label,
    all: () => Promise.all(refs.map((_, index) => at(index))),
    async *[Symbol.asyncIterator]() {
      for (let index = 0; index < refs.length; index++) yield await at(index)
    },
  }
}

/** The items that the bytes of a list name. The digest of the bytes must be verified. */
export function parseManifest(bytes: Uint8Array): readonly ArtifactRef[] {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { items: ArtifactRef[] }).items
}
