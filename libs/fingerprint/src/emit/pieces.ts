import { dissect, unitSyntax, type Dissection } from '../analyse/analyse.ts'
import type { Link, Links, Part } from '../link.ts'
import type { Module } from '../modules.ts'
import type { Reference } from '../analyse/normal-form.ts'
import type { UnitOutline } from '../analyse/outline.ts'
import type { Binding } from '../analyse/scope.ts'
import { stepCall } from '../analyse/step-call.ts'
import { eachChild, refuse, type Node } from '../analyse/syntax.ts'

/** A part of a closure with its syntax, which the emitter copies from its module. */
export interface Piece {
  readonly part: Part
  readonly dissection: Dissection
  readonly unit: UnitOutline
  /** The nodes to copy: the unit, or properties of a step. */
  readonly nodes: readonly Node[]
  readonly references: readonly { readonly reference: Reference; readonly link: Link }[]
  /** Every dynamic import, and every location of a data file. */
  readonly requested: readonly { readonly node: Node; readonly link: Link }[]
  /** Uses of top-level variables of the module. */
  readonly mentions: readonly { readonly node: Node; readonly binding: Binding }[]
  /** Names of local variables in the piece. */
  readonly locals: ReadonlySet<string>
  readonly globals: ReadonlySet<string>
}

const dissections = new WeakMap<Module, Dissection>()

/** Returns the syntax of a part. Call `loadParser` first. JSON modules are not supported. */
export function pieceOf(part: Part, links: Links): Piece {
  const dissection = dissectionOf(part.module)
  const unit = dissection.units[part.index]!
  const [tag, nodes] = part.type === 'unit' ? unitSyntax(unit) : [part.type, propertiesOf(part, unit, dissection)]
  const own = part.type === 'unit' ? unit.bindings : []
  const { references, globals } = dissection.codeOf(tag, nodes, own)
  const resolved = links.of(part)
  const mentions: { node: Node; binding: Binding }[] = []
  const locals = new Set<string>()
  const bySpecifier = new Map<string, Link>()
  for (const [index, reference] of references.entries())
    if ('specifier' in reference) bySpecifier.set(requestKey(reference.node), resolved[index]!)
  const requested: { node: Node; link: Link }[] = []
  for (const node of part.type === 'unit' ? [unit.node] : nodes) collect(node)
  return {
    part,
    dissection,
    unit,
    nodes,
    references: references.map((reference, index) => ({ reference, link: resolved[index]! })),
    requested,
    mentions,
    locals,
    globals,
  }

  function collect(node: Node): void {
    const binding = dissection.names.get(node)
    if (binding?.top) mentions.push({ node, binding })
    else if (binding) locals.add(binding.name)
    const link = bySpecifier.get(requestKey(node))
    if (link) requested.push({ node, link })
    eachChild(node, collect)
  }
}

function requestKey({ type, specifier, source }: Node): string {
  return type === 'FileLocation' ? `file ${specifier}` : type === 'ImportExpression' ? `import ${source.value}` : ''
}

function dissectionOf(module: Module): Dissection {
  let dissection = dissections.get(module)
  if (!dissection) {
    const made = dissect(module.file, module.text)
    if ('fault' in made) throw refuse(module.path, made.fault)
    dissections.set(module, (dissection = made))
  }
  return dissection
}

function propertiesOf({ type }: Part, unit: UnitOutline, dissection: Dissection): readonly Node[] {
  const { body, fallback } = stepCall(unit, dissection)!
  return type === 'body' ? body : [fallback!]
}
