import { parseTask } from '@cairn/records'

/**
 * The tasks of a run whose end was sent to a follower. Its text is the id of each message, which a client that was cut
 * off sends back as `Last-Event-ID` to get the others, whatever order they end in, from any copy of control. The text has
 * the numbers of nodes, with the ranges of ended batches: `0~1~2:0-17.19`.
 */
export class SentTasks {
  readonly #nodes: readonly string[]
  readonly #plain = new Set<string>()
  readonly #batches = new Map<string, Ranges>()

  /** @param nodes of the plan, in order */
  constructor(nodes: readonly string[], text = '') {
    this.#nodes = nodes
    if (PATTERN.test(text)) for (const part of text.split('~')) this.#read(part)
  }

  #read(part: string): void {
    const [at, ranges] = part.split(':')
    const node = this.#nodes[Number(at)]
    if (node === undefined || part === '') return
    if (ranges === undefined) this.#plain.add(node)
    else this.#batches.set(node, Ranges.read(ranges))
  }

  has(task: string): boolean {
    const { node, batch } = parseTask(task)
    return batch === '' ? this.#plain.has(node) : (this.#batches.get(node)?.has(Number(batch)) ?? false)
  }

  add(task: string): void {
    const { node, batch } = parseTask(task)
    if (batch === '') return void this.#plain.add(node)
    if (!/^\d{1,9}$/.test(batch)) return
    const ranges = this.#batches.get(node) ?? new Ranges([])
    ranges.add(Number(batch))
    this.#batches.set(node, ranges)
  }

  toString(): string {
    const parts = this.#nodes.flatMap((node, at) => [
      ...(this.#plain.has(node) ? [String(at)] : []),
      ...(this.#batches.has(node) ? [`${at}:${String(this.#batches.get(node))}`] : []),
    ])
    return parts.length > 0 ? parts.join('~') : '~'
  }
}

const PATTERN =
  /^(\d{1,9}(:\d{1,9}(-\d{1,9})?(\.\d{1,9}(-\d{1,9})?)*)?)(~\d{1,9}(:\d{1,9}(-\d{1,9})?(\.\d{1,9}(-\d{1,9})?)*)?)*$/

/** A set of whole numbers, stored as ranges. */
class Ranges {
  /** First and last of each range, in order. */
  readonly #ranges: [number, number][]

  constructor(ranges: [number, number][]) {
    this.#ranges = ranges
  }

  static read(text: string): Ranges {
    const ranges = new Ranges([])
    for (const range of text.split('.')) {
      const [first, last = first] = range.split('-').map(Number)
      ranges.#ranges.push([first!, last!])
    }
    ranges.#ranges.sort(([one], [other]) => one - other)
    return ranges
  }

  has(number: number): boolean {
    return this.#ranges.some(([first, last]) => first <= number && number <= last)
  }

  add(number: number): void {
    if (this.has(number)) return
    const before = this.#ranges.findIndex(([, last]) => last === number - 1)
    const after = this.#ranges.findIndex(([first]) => first === number + 1)
    if (before >= 0 && after >= 0) {
      this.#ranges[before]![1] = this.#ranges[after]![1]
      this.#ranges.splice(after, 1)
    } else if (before >= 0) this.#ranges[before]![1] = number
    else if (after >= 0) this.#ranges[after]![0] = number
    else {
      const place = this.#ranges.findIndex(([first]) => first > number)
      this.#ranges.splice(place < 0 ? this.#ranges.length : place, 0, [number, number])
    }
  }

  toString(): string {
    return this.#ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join('.')
  }
}
