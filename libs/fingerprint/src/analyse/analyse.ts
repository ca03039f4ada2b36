import { digestBytes } from '../digest.ts'
import { nameFilesBeside } from './beside.ts'
import { effects, type Effects } from './effects.ts'
import { erase } from './erase.ts'
import { isUsedUp } from './hidden.ts'
import { isTransparent, type ModuleNames } from './inert.ts'
import { normalForm, type NormalForm, type Reference } from './normal-form.ts'
import { outline, type Imported, type Outline, type Request, type UnitOutline } from './outline.ts'
import { reaches, type ReachFound } from './reach.ts'
import { resolveNames, type Binding, type Names } from './scope.ts'
import { columnAt, lineFinder, parse, TOO_DEEP, type Fault, type Node } from './syntax.ts'
import { CHANGED, DEEP } from './touch.ts'
import { importedCallee, stepCall } from './step-call.ts'

/** Everything that the text of one file says by itself. It is plain JSON, so that it can be cached. */
export interface Analysis {
  readonly requests: readonly Request[]
  readonly imports: readonly Imported[]
  readonly exports: Readonly<Record<string, Export>>
  /** Indices of the `export * from '…'` requests. */
  readonly stars: readonly number[]
  readonly units: readonly Unit[]
  /** Why no code can be cut out of this file. */
  readonly fault?: Fault
}

/** A unit of a module: what `UnitOutline` describes, with its analysed code. */
export interface Unit {
  readonly what: UnitOutline['what']
  /** Name to display: `zscore()`, `a, b`, `table.set('x', 1)`. */
  readonly name: string
  readonly names: readonly string[]
  readonly line: number
  readonly code: Code
  /** Neither its value nor anything that the value holds can change. */
  readonly fixed?: true
  /** Set if it has the form `step(name, { … })` or `source(name, { … })`. */
  readonly step?: { readonly body: Code; readonly fallback?: Code }
  /** The import whose call returns its value. */
  readonly callee?: Ref
  /** It is another name for the same value: `const b = a`. */
  readonly alias?: true
}

type Flags = { readonly [Flag in keyof Omit<Effects, 'touches'>]?: true }

/** The analysis of a piece of code: its hash, its references and its effects. A flag is absent if it is false. */
export interface Code extends Flags {
  /** SHA-256 (hex) of the normal form. */
  readonly hash: string
  /** What the references of the normal form stand for, and how the code uses each of them. */
  readonly refs: readonly Ref[]
  readonly touches: readonly number[]
  readonly changesItself?: true
  /** It reads the names of functions or classes. */
  readonly looksAtNames?: true
  readonly reaches?: readonly ReachFound[]
  readonly fault?: Fault
}

/** A variable of a unit in this module, an import (or one member of a namespace), or a dynamic import or data file. */
export type Ref =
  | { readonly unit: number; readonly binding: number }
  | { readonly import: number; readonly member?: string }
  | { readonly request: number }
export type Export = Exclude<Ref, { readonly request: number }> | Imported

/** A module's tree with all names resolved. The analysis is made from it, and the emitter cuts it. */
export interface Dissection extends Outline {
  readonly program: Node
  readonly names: Names
  readonly lineOf: (offset: number) => number
  readonly columnOf: (offset: number) => number
  readonly codeOf: (tag: string, nodes: readonly Node[], own?: UnitOutline['bindings']) => NormalForm
}

/** Parses a module and resolves its names. Call `loadParser` first. */
export function dissect(file: string, text: string): Dissection | { readonly fault: Fault } {
  const parsed = parse(file, text)
  if ('fault' in parsed) return parsed
  const program = erase(parsed.program)!
  const names = resolveNames(program)
  const lineOf = lineFinder(text)
  const parts = nameFilesBeside(program, names, outline(program, names, lineOf), lineOf)
  const isNamespace = (binding: Binding) => parts.imports.get(binding)?.name === '*'
  return {
    ...parts,
    program,
    names,
    lineOf,
    columnOf: (offset) => columnAt(text, offset),
    codeOf: (tag, nodes, own = []) => normalForm(tag, nodes, names, own, isNamespace),
  }
}

/** Analyses a module. Code that cannot be analysed gives a `fault`, not an error. Call `loadParser` first. */
export function analyse(file: string, text: string): Analysis {
  if (/\.c[jt]s$/.test(file)) return { ...NOTHING, fault: { ...COMMON_JS_FAULT, line: 1 } }
  try {
    const dissected = dissect(file, text)
    return 'fault' in dissected ? { ...NOTHING, fault: dissected.fault } : analysisOf(dissected, text)
  } catch (error) {
    if (error instanceof RangeError) return { ...NOTHING, fault: TOO_DEEP } // stack overflow
    const message = `cannot be analysed (${(error as Error).message})`
    return { ...NOTHING, fault: { message, line: 1, next: 'report this file, and rewrite that code in a simpler way' } }
  }
}

function analysisOf(module: Dissection, text: string): Analysis {
  const { names, imports, lineOf, columnOf } = module
  const requests = [...module.requests]
  const importIndex = new Map([...imports.keys()].map((binding, index) => [binding, index]))
  const declared = new Map<Binding, { unit: number; binding: number }>()
  const globals = new Set<string>()
  for (const [unit, { bindings }] of module.units.entries())
    for (const [index, binding] of bindings.entries()) if (binding) declared.set(binding, { unit, binding: index })

  const units = module.units.map((unit): Unit => {
    const { what, bindings, node } = unit
    const [tag, nodes] = unitSyntax(unit)
    const value: Node | null = node.type === 'VariableDeclarator' ? node.init : node
    const callee =
      what === 'value' && value?.type === 'CallExpression' ? importedCallee(value.callee, names) : undefined
    const step = callee && stepCall(unit, module)
    return {
      what,
      name: nameOf(unit, text),
      names: bindings.map((binding) => binding?.name ?? 'default'),
      line: lineOf(node.start),
      code: codeOf(tag, nodes, unit),
      ...(isFixed(unit, module) && { fixed: true }),
      ...(isAlias(unit, names) && { alias: true }),
      ...(callee && { callee: refOf({ node, ...callee }) }),
      ...(step && {
        step: {
          body: codeOf('body', step.body),
          ...(step.fallback && { fallback: codeOf('fallback', [step.fallback]) }),
        },
      }),
    }
  })
  const exports = Object.fromEntries(
    [...module.exports].map(([name, exported]): [string, Export] => {
      if ('unit' in exported) return [name, { unit: exported.unit, binding: 0 }]
      return [name, 'binding' in exported ? declared.get(exported.binding)! : exported]
    }),
  )
  const isCommonJs = module.requests.length + module.exports.size === 0 && COMMON_JS.some((name) => globals.has(name))
  const fault = isCommonJs ? { ...COMMON_JS_FAULT, line: 1 } : undefined
  return { requests, imports: [...imports.values()], exports, stars: module.stars, units, ...(fault && { fault }) }

  /** Analyses a whole unit, or some nodes of one. */
  function codeOf(tag: string, nodes: readonly Node[], unit?: UnitOutline): Code {
    const own = unit?.bindings ?? []
    const whole = unit ? [unit.node] : nodes
    const { text, references, unsupported, globals: used, looksAtNames } = module.codeOf(tag, nodes, own)
    for (const name of used) globals.add(name)
    const { touches, ...flags } = effects(whole, module)
    const touchOf = (reference: Reference) => ('binding' in reference && touches.get(reference.binding)) || 0
    const changesItself =
      (unit && isUsedUp(unit.node)) || own.some((binding) => binding && (touches.get(binding) ?? 0) & (CHANGED | DEEP))
    const reached = reaches(whole, module)
    const isTrue = ([, flag]: [string, boolean]) => flag
    return {
      hash: digestBytes(text),
      refs: references.map(refOf),
      touches: references.map(touchOf),
      ...(changesItself && { changesItself }),
      ...(looksAtNames && { looksAtNames }),
      ...(Object.fromEntries(Object.entries(flags).filter(isTrue)) as Flags),
      ...(reached.length > 0 && { reaches: reached }),
      ...(unsupported && { fault: faultOf(unsupported, lineOf, columnOf) }),
    }
  }

  function refOf(reference: Reference): Ref {
    if ('specifier' in reference) {
      const { specifier, node } = reference
      const how = node.type === 'FileLocation' ? 'file' : 'dynamic'
      const known = requests.findIndex((request) => request.specifier === specifier && request.how === how)
      return { request: known >= 0 ? known : requests.push({ specifier, line: lineOf(node.start), how }) - 1 }
    }
    const { binding, member } = reference
    const index = importIndex.get(binding)
    if (index === undefined) return declared.get(binding)!
    return member === undefined ? { import: index } : { import: index, member }
  }
}

/** What a unit's normal form is made from. A default export has the form of the declaration that it abbreviates. */
export function unitSyntax({ what, node, keyword }: UnitOutline): [tag: string, nodes: readonly Node[]] {
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') return ['', [{ ...node, id: null }]]
  if (what === 'statement' && keyword === undefined) return ['', [node]]
  if (node.type !== 'VariableDeclarator') return [`${keyword} ^0 `, [node]]
  return [`${keyword} `, node.init ? [node.id, node.init] : [node.id]]
}

function faultOf(
  { what, start, isPlace, isPath }: Node,
  lineOf: Dissection['lineOf'],
  columnOf: Dissection['columnOf'],
): Fault {
  const line = lineOf(start)
  if (isPath) {
    const message = `imports ${what}, a path that is not literal, so the fingerprint cannot include it`
    return {
      message,
      line,
      next: "import each module by a literal path, import('./a.ts'), and choose between them",
      cutOnly: true,
    }
  }
  if (!isPlace) {
    const next = 'use JavaScript: an object instead of an enum, a field instead of a parameter property, or `as`'
    return {
      message: `uses ${what}, which Node cannot run by erasing types`,
      line,
      column: columnOf(start),
      next,
    }
  }
  const message = `uses ${what}, but a step does not run where its source file is`
  const next =
    "name a file literally, new URL('./x.txt', import.meta.url), or read it in a source with fromFile('path'), or import it as JSON"
  return { message, line, next, cutOnly: true }
}

const NOTHING = { requests: [], imports: [], exports: {}, stars: [], units: [] }
const COMMON_JS = ['module', 'exports', 'require', '__filename', '__dirname']
const COMMON_JS_FAULT = {
  message: 'is a CommonJS module, which Cairn cannot split into declarations',
  next: 'use import and export',
}

function nameOf({ what, bindings, node }: UnitOutline, text: string): string {
  const names = bindings.map((binding) => binding?.name ?? 'default').join(', ')
  if (what === 'function') return `${names}()`
  if (what !== 'statement') return names
  const code = text.slice(node.start, node.end).replaceAll(/\s+/g, ' ')
  return code.length > 40 ? `${code.slice(0, 39)}…` : code
}

/**
 * Whether it is a function, a class without static state, a primitive value, or made by Cairn, whose values never
 * change.
 */
function isFixed(unit: UnitOutline, module: ModuleNames): boolean {
  const { what, bindings, node } = unit
  if (what === 'statement' || bindings.some((binding) => binding?.assigned)) return false
  if (what === 'class')
    return !node.body.body.some(
      ({ type, static: own }: Node) => type === 'StaticBlock' || (type === 'PropertyDefinition' && own),
    )
  if (what === 'function') return true
  const value: Node | null = node.type === 'VariableDeclarator' ? node.init : node
  if (!value || node.id?.type.endsWith('Pattern')) return false
  const isPrimitive = ['TemplateLiteral', 'UnaryExpression', 'BinaryExpression'].includes(value.type)
  return (
    isPrimitive ||
    (value.type === 'Literal' && !value.regex) ||
    value.type === 'FileLocation' ||
    isTransparent(value, module)
  )
}

function isAlias({ node, bindings }: UnitOutline, names: Names): boolean {
  return (
    node.type === 'VariableDeclarator' &&
    node.init?.type === 'Identifier' &&
    names.get(node.init)?.top === true &&
    !bindings[0]?.assigned
  )
}
