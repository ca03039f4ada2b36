import { eachChild, isClass, isFunction, type Node } from './syntax.ts'

/** One variable. Every identifier that means it resolves to this object. */
export interface Binding {
  readonly name: string
  readonly kind: 'import' | 'var' | 'let' | 'const' | 'function' | 'class' | 'parameter'
  /** The function whose calls create it; the program for variables outside all functions. */
  readonly home: Node
  /** Whether it is declared at the top level. */
  readonly top: boolean
  /** Its first value, if that is a plain `name = value` or a function. */
  value?: Node
  /** Whether it is assigned again later. */
  assigned: boolean
}

/** The variables of a module, by the identifiers that name them, without globals. */
export type Names = ReadonlyMap<Node, Binding>

/** Resolves every identifier of a module (an erased tree) by the scoping rules of strict-mode ECMAScript. */
export function resolveNames(program: Node): Map<Node, Binding> {
  const names = new Map<Node, Binding>()
  const module = new Scope(undefined, program)
  module.declareVars(program.body)
  module.declareLexical(program.body)
  visitAll(program, module)
  return names

  function visit(node: Node, scope: Scope): void {
    switch (node.type) {
      case 'Identifier': {
        const binding = scope.find(node.name)
        if (binding) names.set(node, binding)
        return
      }
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return visitFunction(node, scope)
      case 'ClassDeclaration':
      case 'ClassExpression':
        return visitClass(node, scope)
      case 'StaticBlock': {
        const inner = new Scope(scope, node)
        inner.declareVars(node.body)
        inner.declareLexical(node.body)
        return visitAll(node, inner)
      }
      case 'BlockStatement': {
        const inner = new Scope(scope)
        inner.declareLexical(node.body)
        return visitAll(node, inner)
      }
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement': {
        const inner = new Scope(scope)
        inner.declareLexical([node.init ?? node.left])
        visitAll(node, inner)
        if (node.left) assign(node.left)
        return
      }
      case 'SwitchStatement': {
        visit(node.discriminant, scope)
        const inner = new Scope(scope)
        for (const branch of node.cases) inner.declareLexical(branch.consequent)
        for (const branch of node.cases) visitAll(branch, inner)
        return
      }
      case 'CatchClause': {
        const inner = new Scope(scope)
        if (node.param) inner.declare(node.param, 'parameter')
        return visitAll(node, inner)
      }
      case 'VariableDeclarator': {
        visitAll(node, scope)
        if (!node.init) return
        for (const identifier of identifiers(node.id)) {
          const binding = names.get(identifier)!
          const first = identifier === node.id && !binding.value && binding.kind !== 'parameter'
          if (first) binding.value = node.init
          else if (binding.kind !== 'let' && binding.kind !== 'const') binding.assigned = true // a repeated `var`
        }
        return
      }
      case 'AssignmentExpression':
        visitAll(node, scope)
        return assign(node.left)
      case 'UpdateExpression':
        visitAll(node, scope)
        return assign(node.argument)
      case 'ImportDeclaration':
        for (const { local } of node.specifiers) visit(local, scope)
        return
      default:
        visitAll(node, scope)
    }
  }

  function visitAll(node: Node, scope: Scope): void {
    eachChild(node, (child) => visit(child, scope))
  }

  function visitFunction(node: Node, scope: Scope): void {
    if (node.type === 'FunctionDeclaration') {
      if (node.id) visit(node.id, scope)
    } else if (node.id) {
      scope = new Scope(scope)
      scope.declare(node.id, 'function', node)
      visit(node.id, scope)
    }
    const parameters = new Scope(scope, node)
    for (const parameter of node.params) parameters.declare(parameter, 'parameter')
    for (const parameter of node.params) visit(parameter, parameters)
    if (node.body.type !== 'BlockStatement') return visit(node.body, parameters)
    // Default values of parameters cannot see the variables of the body.
    const body = new Scope(parameters)
    body.declareVars(node.body.body, parameters)
    body.declareLexical(node.body.body, parameters)
    visitAll(node.body, body)
  }

  function visitClass(node: Node, scope: Scope): void {
    if (node.id && node.type === 'ClassExpression') {
      scope = new Scope(scope)
      scope.declare(node.id, 'class')
    }
    if (node.id) visit(node.id, scope)
    if (node.superClass) visit(node.superClass, scope)
    for (const member of node.body.body) {
      if (member.type !== 'PropertyDefinition') {
        visit(member, scope)
        continue
      }
      if (member.computed) visit(member.key, scope)
      if (member.value) visit(member.value, new Scope(scope, member)) // runs as a separate method
    }
  }

  function assign(pattern: Node): void {
    for (const target of targets(pattern)) {
      const binding = names.get(target)
      if (binding) binding.assigned = true
    }
  }
}

class Scope {
  readonly #names = new Map<string, Binding>()
  readonly #outer: Scope | undefined
  readonly #home: Node

  constructor(outer: Scope | undefined, home?: Node) {
    this.#outer = outer
    this.#home = home ?? outer!.#home
  }

  find(name: string): Binding | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer) {
      const binding = scope.#names.get(name)
      if (binding) return binding
    }
    return undefined
  }

  declare(pattern: Node, kind: Binding['kind'], value?: Node): void {
    for (const { name } of identifiers(pattern))
      if (!this.#names.has(name))
        this.#names.set(name, {
          name,
          kind,
          home: this.#home,
          top: !this.#outer,
          assigned: false,
          ...(value && { value }),
        })
  }

  /**
   * Declares what the statements of a block declare for that block.
   *
   * @param parameters the scope of the parameters, if it is the block of a function
   */
  declareLexical(statements: readonly (Node | null)[], parameters?: Scope): void {
    for (const statement of statements) {
      const declared = statement?.declaration ?? statement
      if (!declared) continue
      if (declared.type === 'VariableDeclaration' && declared.kind !== 'var')
        for (const { id } of declared.declarations) this.declare(id, declared.kind === 'let' ? 'let' : 'const')
      else if (declared.type === 'FunctionDeclaration') this.#hoist(declared.id, 'function', parameters, declared)
      else if (declared.type === 'ImportDeclaration')
        for (const { local } of declared.specifiers) this.declare(local, 'import')
      else if ((isClass(declared) || declared.type === 'Unsupported') && declared.id) this.declare(declared.id, 'class')
    }
  }

  /** Declares every `var` in these statements, except in functions inside them. */
  declareVars(statements: readonly Node[], parameters?: Scope): void {
    for (const statement of statements)
      for (const id of varPatterns(statement))
        for (const identifier of identifiers(id)) this.#hoist(identifier, 'var', parameters)
  }

  /** Declares a variable, unless it has the name of a parameter: then it is that parameter. */
  #hoist(id: Node | null, kind: Binding['kind'], parameters?: Scope, value?: Node): void {
    if (id && !(parameters && parameters.#names.has(id.name))) this.declare(id, kind, value)
  }
}

export function* varPatterns(node: Node): Generator<Node> {
  if (node.type === 'VariableDeclaration') {
    if (node.kind === 'var') for (const { id } of node.declarations) yield id
  } else if (!isFunction(node) && !isClass(node) && !node.type.endsWith('Expression')) {
    const inner: Node[] = []
    eachChild(node, (child) => inner.push(child))
    for (const child of inner) yield* varPatterns(child)
  }
}

/** The identifiers that a pattern in a declaration or parameter binds. */
export function identifiers(pattern: Node): Node[] {
  return targets(pattern).filter(({ type }) => type === 'Identifier')
}

/** What a pattern or the left side of an assignment sets: identifiers and members of objects. */
export function targets(pattern: Node | null): Node[] {
  if (!pattern) return [] // a hole in an array
  switch (pattern.type) {
    case 'VariableDeclaration':
      return pattern.declarations.flatMap(({ id }: Node) => targets(id))
    case 'ObjectPattern':
      return pattern.properties.flatMap(({ value, argument }: Node) => targets(value ?? argument))
    case 'ArrayPattern':
      return pattern.elements.flatMap((element: Node | null) => targets(element))
    case 'AssignmentPattern':
      return targets(pattern.left)
    case 'RestElement':
      return targets(pattern.argument)
    default:
      return [pattern]
  }
}
