import { CairnError, itemName, suggest, type Item } from '@cairn/kernel/runtime'

/** What `<item>[/<output>]` behind a step names. */
export interface ItemPlace {
  readonly item?: Item
  readonly output?: string
}

/** So many are listed where one has to be chosen. */
const LISTED = 8

/**
 * Finds the item that a path names: by its index (`3`; inside two `each` nodes `3.0` or `3/0`), by its label, or by `#3`,
 * which is always an index.
 *
 * @param words the parts of the path behind the step; a label may hold slashes
 * @param place the path of the step, for refusals
 * @throws CairnError NOT_FOUND when there is no such item, or when several could be meant
 */
export function findItem(
  items: readonly Item[],
  outputs: readonly string[],
  words: readonly string[],
  place: string,
): ItemPlace {
  if (words.length === 0) return {}
  const text = words.join('/')
  const found: ItemPlace[] = []
  const unknown: ItemPlace[] = []
  for (const item of items)
    for (const name of namesOf(item)) {
      if (text === name) found.push({ item })
      else if (text.startsWith(`${name}/`)) {
        const output = text.slice(name.length + 1)
        ;(outputs.includes(output) ? found : unknown).push({ item, output })
      }
    }
  const [only, ...others] = found
  if (only && others.length === 0) return only
  if (only) throw severalMeant(text, found, place)
  if (outputs.includes(text)) return { output: text }
  const [misnamed] = unknown
  if (misnamed)
    throw new CairnError(
      'NOT_FOUND',
      `item ${itemText(misnamed.item!)} of ${place} has no output "${misnamed.output}"`,
      {
        next: suggest(misnamed.output!, outputs),
      },
    )
  throw new CairnError('NOT_FOUND', `${place} has no item "${text}"`, { next: nearest(items, text) })
}

/** `3`, `3 ("ATL")`. */
export function itemText(item: Item): string {
  const { labels } = item
  const shown = labels.map((label, at) => (label === undefined ? String(item.indices[at]) : JSON.stringify(label)))
  return labels.some((label) => label !== undefined) ? `${itemName(item)} (${shown.join(' / ')})` : itemName(item)
}

/** All ways to name an item. */
function namesOf(item: Item): Set<string> {
  const { indices, labels } = item
  const names = new Set([indices.join('.'), `#${indices.join('.')}`])
  let paths = ['']
  for (const [depth, index] of indices.entries()) {
    const label = labels[depth]
    const words = label === undefined ? [String(index)] : [String(index), label]
    paths = paths.flatMap((path) => words.map((word) => (depth === 0 ? word : `${path}/${word}`)))
  }
  for (const path of paths) names.add(path)
  return names
}

function severalMeant(text: string, found: readonly ItemPlace[], place: string): CairnError {
  const named = found.map(
    ({ item, output }) =>
      `${place}/#${itemName(item!)}${output === undefined ? '' : `/${output}`} for ${itemText(item!)}`,
  )
  const more = named.length > LISTED ? `; and ${named.length - LISTED} more` : ''
  return new CairnError('NOT_FOUND', `"${text}" could be ${found.length} items of ${place}`, {
    next: `name one: ${named.slice(0, LISTED).join(', ')}${more}`,
  })
}

function nearest(items: readonly Item[], text: string): string {
  if (items.length === 0) return 'it has no items, or the list of them is not made yet'
  const labels = items.flatMap((item) => {
    const { labels } = item
    return labels.every((label) => label !== undefined) ? [labels.join('/')] : []
  })
  const last = itemName(items.at(-1)!)
  return labels.length > 0
    ? `${suggest(text, labels)}; or by index: 0 to ${last}`
    : `name one by its index: ${itemName(items[0]!)} to ${last}`
}
