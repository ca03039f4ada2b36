import { CairnError } from '@cairn/kernel'
import { isParsed, mayFillTheStack } from './depth.ts'

/** A node of the syntax tree (ESTree). */
export interface Node {
  readonly type: string
  /** Offsets in the text, in UTF-16 code units. */
  readonly start: number
  readonly end: number
  // The other fields depend on the type.
  [field: string]: any
}

/** Why a file, or a declaration in it, cannot be cut out. */
export interface Fault {
  readonly message: string
  readonly line: number
  readonly column?: number
  readonly next?: string
  /** Node can run it in its module, but outside the module it would mean something else. */
  readonly cutOnly?: true
}

let parser: typeof import('oxc-parser') | undefined

/** Loads the parser. Loading is slow, so call this only when a file has to be parsed. */
export async function loadParser(): Promise<void> {
  parser ??= await import('oxc-parser')
}

/**
 * Parses a module. Call `loadParser` first. With `meaning`, also reports semantic errors, such as a name that is
 * declared twice.
 */
export function parse(
  file: string,
  text: string,
  { meaning = false }: { readonly meaning?: boolean } = {},
): { readonly program: Node } | { readonly fault: Fault } {
  if (mayFillTheStack(text) && !isParsed(file, text)) return { fault: TOO_DEEP }
  const { program, errors } = parser!.parseSync(file, text, {
    sourceType: 'module',
    preserveParens: false,
    showSemanticErrors: meaning,
  })
  const error = errors.find(({ severity }) => (severity as string) === 'Error')
  if (!error) return { program: program as unknown as Node }
  const at = error.labels.at(-1)?.start ?? 0
  const place = { line: lineAt(text, at), column: columnAt(text, at) }
  return { fault: { message: `syntax error: ${error.message}`, ...place, next: 'correct the syntax there' } }
}

export const TOO_DEEP: Fault = { message: 'is nested too deeply', line: 1, next: 'move long expressions into JSON' }

export function eachChild(node: Node, visit: (child: Node) => void): void {
  for (const field in node) {
    const value: unknown = node[field]
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visit(item)
    } else if (isNode(value)) visit(value)
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

export function isFunction({ type }: Node): boolean {
  return type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression'
}

export function isClass({ type }: Node): boolean {
  return type === 'ClassDeclaration' || type === 'ClassExpression'
}

/** The column of an offset, counted from 1, in UTF-16 code units. */
export function columnAt(text: string, offset: number): number {
  return offset - text.lastIndexOf('\n', offset - 1)
}

export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** Like `lineAt`, for many offsets in one text. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** Returns the error for a fault in a file: BAD_DEFINITION with its position. */
export function refuse(path: string, { message, line, column, next }: Fault): CairnError {
  const place = column === undefined ? `${path}:${line}` : `${path}:${line}:${column}`
  return new CairnError('BAD_DEFINITION', `${place} ${message}`, next === undefined ? {} : { next })
}
