import { CairnError, suggest } from '@cairn/kernel'
import { itemName } from '@cairn/records'
import type { Item } from '@cairn/engine'
import { ItemNames, labelPath } from './item-names.ts'

/** What `<item>[/<output>]` after a step names. */
export interface ItemPath {
  readonly item?: Item
  /** The item's name in paths, independent of labels: `3`, `#3`. */
  readonly itemName?: string
  readonly output?: string
  /** Words after the output: an item of a list. */
  readonly inside?: readonly string[]
}

/** Maximum number of choices that an error lists. */
const LISTED = 8

/**
 * Finds the item that a path names. `ItemNames` has the rules.
 *
 * @param words the parts of the path after the step; a label may contain slashes
 * @param place the path of the step, for errors
 * @throws CairnError NOT_FOUND when there is no such item, or the path is ambiguous
 */
export function findItem(
  items: readonly Item[],
  outputs: readonly string[],
  words: readonly string[],
  place: string,
): ItemPath {
  if (words.length === 0) return {}
  const text = words.join('/')
  const names = new ItemNames(items)
  const found: ItemPath[] = []
  const unknown: ItemPath[] = []
  for (const item of items)
    for (const name of names.allOf(item)) {
      const named = { item, itemName: names.of(item) }
      if (text === name) found.push(named)
      else if (text.startsWith(`${name}/`)) {
        const behind = text.slice(name.length + 1)
        const output = outputIn(outputs, behind)
        if (output) found.push({ ...named, ...output })
        else unknown.push({ ...named, output: behind })
      }
    }
  const [only, ...others] = found
  if (only && others.length === 0) return only
  if (only) throw severalMeant(text, found, place)
  const output = outputIn(outputs, text)
  if (output) return output
  const [misnamed] = unknown
  if (misnamed)
    throw new CairnError(
      'NOT_FOUND',
      `item ${itemText(misnamed.item!)} of ${place} has no output "${misnamed.output}"`,
      {
        next: suggest(misnamed.output!, outputs),
      },
    )
  throw new CairnError('NOT_FOUND', `${place} has no item "${text}"`, { next: nearest(items, names, text) })
}

/** Parses `<output>[/<item>]`; undefined when there is no such output. */
export function outputIn(outputs: readonly string[], text: string): Pick<ItemPath, 'output' | 'inside'> | undefined {
  const [output = '', ...inside] = text.split('/')
  return outputs.includes(output) ? { output, ...(inside.length > 0 && { inside }) } : undefined
}

/** Formats an item with its labels: `3`, `3 ("ATL")`. */
export function itemText(item: Item): string {
  const { labels } = item
  const shown = labels.map((label, at) => (label === undefined ? String(item.indices[at]) : JSON.stringify(label)))
  return labels.some((label) => label !== undefined) ? `${itemName(item)} (${shown.join(' / ')})` : itemName(item)
}

function severalMeant(text: string, found: readonly ItemPath[], place: string): CairnError {
  const named = found.map(
    ({ item, output, inside = [] }) =>
      `${[`${place}/#${itemName(item!)}`, ...(output === undefined ? [] : [output]), ...inside].join('/')} for ${itemText(item!)}`,
  )
  const more = named.length > LISTED ? `; and ${named.length - LISTED} more` : ''
  return new CairnError('NOT_FOUND', `"${text}" is ambiguous: it matches ${found.length} items of ${place}`, {
    next: `choose one: ${named.slice(0, LISTED).join(', ')}${more}`,
  })
}

function nearest(items: readonly Item[], names: ItemNames, text: string): string {
  if (items.length === 0) return 'it has no items, or its list has not been computed yet'
  const isLabel = items.find(({ labels }) => labels.join('/') === text)
  if (isLabel) return `the item with that label is ${labelPath(isLabel)}: #<number> always means an index`
  const labels = items.flatMap((item) => labelPath(item) ?? [])
  const range = `${names.of(items[0]!)} to ${names.of(items.at(-1)!)}`
  if (labels.length === 0) return `choose one by its index: ${range}`
  return names.isPlain
    ? `${suggest(text, labels)}; or by index: ${range}`
    : `the labels are numbers, so a number means a label; ${suggest(text, labels)}; or by index: ${range}`
}
