import { mayEscape, readingsAt } from './readings.ts'
import { viewsOf, type Range, type View } from './view.ts'

interface Node {
  readonly next: Map<number, Node>
  /** Name of the text that ends here. */
  name?: string
}

export interface Found extends Range {
  readonly name: string
}

/** Number of nested encodings that are decoded. */
const DEPTH = 2

/** Finds given texts in any common encoding. Cost is linear in the length of the searched text. */
export class Search {
  readonly #root: Node = { next: new Map() }

  constructor(wanted: Iterable<readonly [name: string, text: string]>) {
    for (const [name, text] of wanted) for (const written of writings(text)) this.#add(name, written)
  }

  *find(text: string, depth = DEPTH): Generator<Found> {
    yield* this.#findIn(text)
    if (depth === 0) return
    for (const view of viewsOf(text))
      for (const { name, ...range } of this.find(view.text, depth - 1)) yield { name, ...placed(range, view) }
  }

  #add(name: string, text: string): void {
    let node = this.#root
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      let next = node.next.get(code)
      if (!next) node.next.set(code, (next = { next: new Map() }))
      node = next
    }
    node.name ??= name
  }

  *#findIn(text: string): Generator<Found> {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      const begins = mayEscape(code) || this.#root.next.has(code)
      if (!begins) continue
      const longest = this.#longestFrom(text, at)
      if (longest) yield { from: at, ...longest }
      if (code === BACKSLASH) while (text.charCodeAt(at + 1) === BACKSLASH) at++ // consecutive backslashes count as one
    }
  }

  #longestFrom(text: string, from: number): { to: number; name: string } | undefined {
    let longest: { to: number; name: string } | undefined
    const seen = new Map<Node, Set<number>>()
    const open: [Node, number][] = [[this.#root, from]]
    for (let state = open.pop(); state; state = open.pop()) {
      let [node, at] = state
      for (;;) {
        if (node.name !== undefined && at > (longest?.to ?? 0)) longest = { to: at, name: node.name }
        if (at >= text.length || node.next.size === 0) break
        const code = text.charCodeAt(at)
        if (mayEscape(code)) {
          // Explore all readings of an ambiguous character, once for each node.
          const places = seen.get(node) ?? new Set()
          seen.set(node, places)
          if (!places.has(at))
            for (const { chars, to } of readingsAt(text, at)) {
              const next = follow(node, chars)
              if (next) open.push([next, to])
            }
          places.add(at)
          break
        }
        const next = node.next.get(code)
        if (!next) break
        node = next
        at++
      }
    }
    return longest
  }
}

const BACKSLASH = 92

function follow(node: Node, chars: string): Node | undefined {
  let at: Node | undefined = node
  for (let index = 0; at && index < chars.length; index++) at = at.next.get(chars.charCodeAt(index))
  return at
}

function placed({ from, to }: Range, view: View): Range {
  return { from: view.from[from]!, to: view.to[to - 1]! }
}

/** Returns a text in each Unicode normal form, and the bytes of each in common character sets, read as Latin-1 and UTF-8. */
function writings(text: string): Set<string> {
  const forms = [text, ...['NFC', 'NFD', 'NFKC', 'NFKD'].map((form) => text.normalize(form))]
  const all = new Set<string>()
  for (const form of new Set(forms.map((one) => one.replaceAll('\r\n', '\n')))) {
    const wide = Buffer.from(form, 'utf16le')
    const sets = [Buffer.from(form), wide, Buffer.from(wide).swap16()]
    if (!/[^\0-\u00ff]/.test(form)) sets.push(Buffer.from(form, 'latin1'))
    for (const written of [form, ...sets.flatMap((bytes) => [bytes.toString('latin1'), bytes.toString()])])
      all.add(written.replace(/\\+/g, '\\'))
  }
  return all
}
