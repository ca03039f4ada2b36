import { itemName } from '@cairn/records'
import type { Item } from '@cairn/engine'

type Named = Pick<Item, 'indices' | 'labels'>

/** A label that reads as a number, or as several: an hour, a year, a version. */
const NUMBER = /^[-+]?\d+(\.\d+)*$/
/** A word that reads as an index by itself. A label of this form gets one more `#` in a path. */
const INDEX = /^#+\d/

/**
 * The names of a step's items in paths: by index (`3`; inside two nested `each` nodes `3.0` or `3/0`), by label, or by
 * `#3`, which is always an index. In a list with a label that reads as a number, a number is a label and never an
 * index.
 */
export class ItemNames {
  /** By depth: whether a number is an index. */
  readonly #isPlain: readonly boolean[]

  constructor(items: readonly Named[]) {
    const depth = items[0]?.indices.length ?? 0
    this.#isPlain = Array.from({ length: depth }, (_, at) => !items.some(({ labels }) => NUMBER.test(labels[at] ?? '')))
  }

  /** Whether a number without `#` is an index. */
  get isPlain(): boolean {
    return this.#isPlain.every(Boolean)
  }

  /** Returns the shortest unambiguous name: `3`, or `#3` when numbers are labels. */
  of(item: Named): string {
    return this.isPlain ? itemName(item) : `#${itemName(item)}`
  }

  /** Returns all names of an item. */
  allOf(item: Named): Set<string> {
    const { indices, labels } = item
    let paths = ['']
    for (const [depth, index] of indices.entries()) {
      const label = labels[depth]
      const words = [`#${index}`]
      if (this.#isPlain[depth]) words.push(String(index))
      if (label !== undefined) words.push(labelName(label))
      paths = paths.flatMap((path) => words.map((word) => (depth === 0 ? word : `${path}/${word}`)))
    }
    return new Set([`#${itemName(item)}`, this.of(item), ...paths])
  }
}

/** Formats a label for a path: unchanged, except `##3` for the label `#3`. */
function labelName(label: string): string {
  return INDEX.test(label) ? `#${label}` : label
}

/** Formats an item's labels for a path, with the index for a list without labels; undefined when no list has any. */
export function labelPath({ indices, labels }: Named): string | undefined {
  if (labels.every((label) => label === undefined)) return undefined
  return labels.map((label, at) => (label === undefined ? String(indices[at]) : labelName(label))).join('/')
}
