import { MagicString } from 'magic-string'
import { stripTypeScriptTypes } from 'node:module'
import type { Dissection } from '../analyse/analyse.ts'
import type { EmittedScope } from './emitted-scope.ts'
import type { Module } from '../modules.ts'
import type { Piece } from './pieces.ts'
import { eachChild, type Node } from '../analyse/syntax.ts'

/** A module as JavaScript, with everything but the pieces of a closure removed. */
export interface ModuleCut {
  readonly code: MagicString
  /** The module's source text without the code that is not in the closure. */
  readonly visible: string
}

/** Removes everything but the pieces from a module. The pieces must all be of this module, in source order. */
export function cutModule(module: Module, pieces: readonly Piece[], scope: EmittedScope): ModuleCut {
  const ranges = pieces.flatMap(({ nodes, unit, part }) => (part.type === 'unit' ? [unit.node] : nodes))
  const kept = ranges.toSorted((a, b) => a.start - b.start)
  const { dissection } = pieces[0]!
  const code = new MagicString(javaScript(module, dissection))
  let end = 0
  for (const range of kept) {
    if (range.start > end) code.remove(end, range.start)
    end = range.end
  }
  if (end < module.text.length) code.remove(end, module.text.length)
  for (const piece of pieces) {
    rename(code, piece, scope)
    if (piece.part.type === 'unit') frameUnit(code, piece, scope)
    else frameStep(code, piece, scope)
  }
  return { code, visible: linesOf(module, dissection, kept) }
}

function frameUnit(code: MagicString, { unit, part }: Piece, scope: EmittedScope): void {
  const { node, keyword, what, bindings } = unit
  const { start, end } = node
  if (node.type === 'VariableDeclarator') code.prependRight(start, `${keyword} `).appendLeft(end, ';\n')
  else if (keyword) code.prependRight(start, `${keyword} ${scope.variable(part, 0).name} = (`).appendLeft(end, ');\n')
  else if (what === 'statement') code.appendLeft(end, ';\n')
  else {
    code.appendLeft(end, '\n')
    if (bindings[0]) return
    const [head] = /^(?:async\b|function\b|class\b|\*|\s|\/\*[^]*?\*\/|\/\/.*\n)*/.exec(
      code.original.slice(start, end),
    )!
    code.appendLeft(start + head.length, ` ${scope.variable(part, 0).name} `)
  }
}

/** Turns `step('name', { … })` into an object with only the properties that count. */
function frameStep(code: MagicString, { nodes }: Piece, scope: EmittedScope): void {
  const sorted = nodes.toSorted((a, b) => a.start - b.start)
  code.prependRight(sorted[0]!.start, `const ${scope.step.name} = {\n  `)
  for (const property of sorted.slice(0, -1)) code.appendLeft(property.end, ',\n  ')
  code.appendLeft(sorted.at(-1)!.end, '\n};\n')
}

function rename(code: MagicString, piece: Piece, scope: EmittedScope): void {
  const shorthand = new Set<number>()
  for (const node of piece.part.type === 'unit' ? [piece.unit.node] : piece.nodes) findShorthand(node, shorthand)
  for (const { node, binding } of piece.mentions) {
    const { name } = scope.entityFor(piece, binding)
    if (name !== node.name)
      code.update(node.start, node.end, shorthand.has(node.start) ? `${node.name}: ${name}` : name)
  }
  for (const { node, link } of piece.requested) {
    if (!('part' in link.target)) continue
    const { module } = link.target.part
    code.update(node.start, node.end, module.isFile ? scope.file(module, node.as) : importedNow(module))
  }

  function importedNow(module: Module): string {
    return `Promise.resolve(${scope.namespace(module, '').entity.name})`
  }
}

/** Collects the offsets of shorthand properties, `{ a }` for `{ a: a }`. */
function findShorthand(node: Node, found: Set<number>): void {
  if (node.type === 'Property' && node.key.type === 'Name' && node.key.start === node.value.start && !node.method)
    found.add(node.key.start)
  eachChild(node, (child) => findShorthand(child, found))
}

/** The module as JavaScript. Types become spaces, so that all positions stay the same. */
function javaScript(module: Module, { program }: Dissection): string {
  if (!/\.m?ts$/.test(module.file)) return module.text
  let erased = javaScripts.get(module)
  if (erased === undefined) {
    let text = module.text
    for (const statement of program.body)
      // a closure with unsupported syntax was refused before, so this is outside it
      if (holdsUnsupported(statement))
        text = text.slice(0, statement.start) + blank(text, statement) + text.slice(statement.end)
    javaScripts.set(module, (erased = withoutWarning(() => stripTypeScriptTypes(text))))
  }
  return erased
}

const javaScripts = new WeakMap<Module, string>()

function holdsUnsupported(node: Node): boolean {
  let found = node.type === 'Unsupported'
  eachChild(node, (child) => {
    found ||= holdsUnsupported(child)
  })
  return found
}

function blank(text: string, { start, end }: Node): string {
  return text.slice(start, end).replaceAll(/[^\r\n]/g, ' ')
}

/** Suppresses the warning that Node prints when a program calls its experimental type stripping. */
function withoutWarning<Result>(run: () => Result): Result {
  const emitWarning = Object.getOwnPropertyDescriptor(process, 'emitWarning')!
  process.emitWarning = () => {}
  try {
    return run()
  } finally {
    Object.defineProperty(process, 'emitWarning', emitWarning)
  }
}

/** The text of the ranges, each on its original line. */
function linesOf({ text }: Module, { lineOf }: Dissection, ranges: readonly Node[]): string {
  let visible = ''
  let line = 1
  for (const { start, end } of ranges) {
    const lineStart = text.lastIndexOf('\n', start - 1) + 1
    const before = text.slice(lineStart, start)
    const isHead = /^\s*(?:export\s+)?(?:default\s+)?(?:const|let|var)?\s*$/.test(before)
    const gap = lineOf(start) - line
    visible += gap > 0 ? '\n'.repeat(gap) + (isHead ? before : ' '.repeat(before.length)) : ' '
    visible += text.slice(start, end)
    line = lineOf(end)
  }
  return visible
}
