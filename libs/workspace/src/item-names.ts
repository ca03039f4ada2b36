import { itemName } from '@cairn/records'
import type { Item } from '@cairn/engine'

type Named = Pick<Item, 'indices' | 'labels'>

/** A label that reads as a number, or as several: an hour, a year, a version. */
const NUMBER = /^[-+]?\d+(\.\d+)*$/
/** What reads as an index by itself. A label of this form has one more `#` in a path. */
const INDEX = /^#+\d/

/**
 * How the items of a step are named in paths: by index (`3`; inside two `each` nodes `3.0` or `3/0`), by label, or by
 * `#3`, which is always an index. In a list with a label that reads as a number, a number is a label and never an index.
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

  /** The shortest name that means this item alone: `3`, or `#3` where numbers are labels. */
  of(item: Named): string {
    return this.isPlain ? itemName(item) : `#${itemName(item)}`
  }

  /** All names of an item. */
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

/** How a label is written in a path: as it is, but `##3` for the label `#3`. */
function labelName(label: string): string {
  return INDEX.test(label) ? `#${label}` : label
}

/** Its labels as a path names them, an index for a list without; undefined where no list has any. */
export function labelPath({ indices, labels }: Named): string | undefined {
  if (labels.every((label) => label === undefined)) return undefined
  return labels.map((label, at) => (label === undefined ? String(indices[at]) : labelName(label))).join('/')
}
