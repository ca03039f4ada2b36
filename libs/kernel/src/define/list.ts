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

/** A list of artifacts as a step receives it. Each item is opened only when it is read. */
export interface List<out Item> extends AsyncIterable<Item> {
  readonly length: number
  /** Opens one item. @throws RangeError when the list has no such item */
  at(index: number): Promise<Item>
  /** The label of an item, if it has one: for a partition, its value. */
  labelAt(index: number): string | undefined
  /** Opens all items at once, for lists that fit in memory. */
  all(): Promise<Item[]>
}

/**
 * A kind for many artifacts of one kind, each with its own digest. `each` maps over a list and returns lists.
 * @throws CairnError BAD_DEFINITION when `item` is not a kind
 * @example
 * const split = step('split', { outputs: { pages: list(json<string>()) }, run: () => ({ pages: ['a', 'b'] }) })
 */
export function list<Read, Write>(
  item: Kind<Read, Write>,
): Kind<List<Read>, Iterable<Write> | AsyncIterable<Write>> & { readonly item: Kind<Read, Write> } {
  if (typeof (item as Partial<AnyKind> | undefined)?.name !== 'string')
    throw new CairnError('BAD_DEFINITION', `list takes an artifact kind, not ${shown(item)}`, {
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
        if ('items' in encoded)
          throw new CairnError('BAD_OUTPUT', 'an item of the list is itself a list', {
            next: 'return one list of all items, or map over the lists with each',
          })
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

/** Shows an item as one value: its preview, its summary or the start of its digest. */
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
    if (!ref) throw new RangeError(`the list has ${refs.length} items, and none at ${index}`)
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

/** Reads the references to a list's items from its bytes. The caller has verified the digest of the bytes. */
export function parseManifest(bytes: Uint8Array): readonly ArtifactRef[] {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { items: ArtifactRef[] }).items
}
