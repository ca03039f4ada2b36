import type { Dissection } from '../analyse/analyse.ts'
import { targets, type Binding } from '../analyse/scope.ts'
import { eachChild, isClass, isFunction, type Node } from '../analyse/syntax.ts'
import type { Links, Target } from '../link.ts'
import type { Module } from '../modules.ts'
import {
  CHANGING,
  CHANGING_GLOBALS,
  CHANGING_IN_PACKAGES,
  COPIES,
  HOLDING_GLOBALS,
  isUsedUp,
  KEEPING,
  PARTS,
  PASSING_GLOBALS,
  remembersPlace,
} from './methods.ts'
import { isTransparent } from '../analyse/inert.ts'
import { holding, join, memberOf, NOTHING, sizeOf, type Root, type Value } from './value.ts'

/** A module's tree, and where its imports lead. */
export interface Source {
  readonly module: Module
  readonly dissection: Dissection
}

/** Looks at expressions, repeated ones included: for a whole library they would take minutes. */
const MOST_VISITS = 1_000_000

/** The closure has more code than can be followed. */
export class TooMuchCode extends Error {}

/** Where code stands. */
interface Place {
  readonly source: Source
  /** The functions around it, innermost first. */
  readonly inside: readonly Node[]
}

export interface Change {
  readonly module: Module
  readonly node: Node
  readonly root: string
}

/**
 * Follows values through the code of one closure, without regard to the order of statements or of calls, and notes
 * where code changes something that outlives the call. First it goes through what loading runs, whose changes are the
 * same in every process, then through what calls of the body run.
 */
export class Interpreter {
  readonly changes: Change[] = []
  readonly #links: Links
  readonly #sources: ReadonlyMap<Module, Source>
  readonly #places = new Map<Node, Place>()
  readonly #roots = new Map<unknown, Root>()
  readonly #methods = new Map<string, Set<Node>>()
  /** What variables hold since loading, and what they hold in calls. */
  readonly #loaded = new Map<Binding, Value>()
  readonly #called = new Map<Binding, Value>()
  readonly #ranWhileLoading = new Set<Node>()
  readonly #runs = new Set<Node>()
  readonly #returned = new Map<Node, Value>()
  readonly #receivers = new Map<Node, Value>()
  /** What has been put into members of a name, of whatever object. */
  readonly #fields = new Map<string, Value>()
  /** Functions that are called by who asks for a member or sets it. */
  readonly #accessors = new Set<Node>()
  /** Functions that Cairn was given. */
  readonly #given = new Set<Node>()
  #isLoading = true
  #grew = true
  #visits = 0

  constructor(links: Links, sources: ReadonlyMap<Module, Source>) {
    this.#links = links
    this.#sources = sources
  }

  /** Goes through top-level code. */
  load(code: readonly { readonly source: Source; readonly node: Node }[]): void {
    this.#settle(this.#ranWhileLoading, () => {
      for (const { source, node } of code) this.#statements(node, { source, inside: [] })
    })
  }

  /** Goes through all that calls of the functions run which stand in the code, or else that steps were made with. */
  call(code: readonly { readonly source: Source; readonly node: Node }[]): void {
    this.#isLoading = false
    for (const known of [this.#returned, this.#receivers, this.#fields]) known.clear()
    const here = code.flatMap(({ source, node }) =>
      outermost(node).map((entry) => [entry, { source, inside: [] }] as const),
    )
    this.#settle(this.#runs, () => {
      for (const [entry, place] of here) this.#enter(entry, place)
      if (here.length === 0) for (const entry of this.#given) if (this.#places.has(entry)) this.#invoke(entry, [])
    })
  }

  #settle(running: ReadonlySet<Node>, begin: () => void): void {
    this.#grew = true
    while (this.#grew) {
      this.#grew = false
      begin()
      for (const entered of running) {
        const place = this.#places.get(entered)!
        const inside = { source: place.source, inside: [entered, ...place.inside] }
        for (const parameter of entered.params)
          if (parameter.type === 'AssignmentPattern') this.#bind(parameter, NOTHING, inside)
        if (entered.body.type === 'BlockStatement') this.#statements(entered.body, inside)
        else this.#grow(this.#returned, entered, this.#value(entered.body, inside))
      }
    }
  }

  #enter(entered: Node, place: Place): void {
    if (!this.#places.has(entered)) this.#places.set(entered, place)
    const running = this.#isLoading ? this.#ranWhileLoading : this.#runs
    if (running.has(entered)) return
    running.add(entered)
    this.#grew = true
  }

  #invoke(entered: Node, given: readonly Value[], receiver: Value = NOTHING): Value {
    const place = this.#places.get(entered)
    if (!place) return NOTHING
    if (isClass(entered)) return this.#construct(entered, given)
    this.#enter(entered, place)
    const inside = { source: place.source, inside: [entered, ...place.inside] }
    for (const [index, parameter] of (entered.params as Node[]).entries())
      if (parameter.type === 'RestElement') this.#bind(parameter.argument, holding(...given.slice(index)), inside)
      else this.#bind(parameter, given[index] ?? NOTHING, inside)
    this.#grow(this.#receivers, entered, receiver)
    return this.#returned.get(entered) ?? NOTHING
  }

  #construct(made: Node, given: readonly Value[]): Value {
    const place = this.#places.get(made)!
    if (made.superClass)
      for (const parent of this.#value(made.superClass, place).functions)
        if (isClass(parent) && parent !== made) this.#construct(parent, given)
    const functions = new Set<Node>()
    for (const member of made.body.body as Node[]) {
      if (member.type === 'MethodDefinition' && member.kind === 'constructor') this.#invoke(member.value, given)
      if (member.type === 'PropertyDefinition' && !member.static && member.value) {
        const value = this.#value(member.value, place)
        if (!member.computed) this.#grow(this.#fields, member.key.name, value)
      }
      if (member.value && isFunction(member.value)) functions.add(member.value)
    }
    return { ...holding(...given), functions: new Set([...functions, ...join(...given).functions]) }
  }

  #statements(node: Node, place: Place): void {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'ClassDeclaration': {
        const binding = node.id && place.source.dissection.names.get(node.id)
        const value = this.#value(node, place)
        if (binding) this.#hold(binding, value)
        return
      }
      case 'VariableDeclaration':
        for (const { id, init } of node.declarations as Node[])
          this.#bind(id, init ? this.#value(init, place) : NOTHING, place)
        return
      case 'ReturnStatement':
        if (node.argument) this.#grow(this.#returned, place.inside[0]!, this.#value(node.argument, place))
        return
      case 'ForOfStatement': {
        const over = this.#value(node.right, place)
        this.#useUp(over, node.right, place)
        if (node.left.type === 'VariableDeclaration') this.#bind(node.left.declarations[0].id, memberOf(over), place)
        else this.#assign(node.left, memberOf(over), place)
        return this.#statements(node.body, place)
      }
      case 'ForInStatement':
        this.#value(node.right, place)
        if (node.left.type !== 'VariableDeclaration') this.#assign(node.left, NOTHING, place)
        return this.#statements(node.body, place)
    }
    if (isExpression(node)) this.#value(node, place)
    else eachChild(node, (child) => this.#statements(child, place))
  }

  #value(node: Node, place: Place): Value {
    if (++this.#visits > MOST_VISITS) throw new TooMuchCode()
    const value = (inner: Node) => this.#value(inner, place)
    if (isFunction(node)) {
      if (!this.#places.has(node)) this.#places.set(node, place)
      return { ...NOTHING, functions: new Set([node]) }
    }
    switch (node.type) {
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#class(node, place)
      case 'Identifier':
        return this.#variable(node, place)
      case 'Super':
      case 'ThisExpression': {
        const method = place.inside.find(({ type }) => type !== 'ArrowFunctionExpression')
        return (method && this.#receivers.get(method)) ?? NOTHING
      }
      case 'MemberExpression':
        return this.#member(node, place)
      case 'ChainExpression':
        return value(node.expression)
      case 'AwaitExpression':
        return awaited(value(node.argument))
      case 'YieldExpression':
        if (node.argument) this.#grow(this.#returned, place.inside[0]!, holding(value(node.argument)))
        return NOTHING
      case 'SpreadElement': {
        const spread = value(node.argument)
        this.#useUp(spread, node.argument, place)
        return memberOf(spread)
      }
      case 'ConditionalExpression':
        value(node.test)
        return join(value(node.consequent), value(node.alternate))
      case 'LogicalExpression':
        return join(value(node.left), value(node.right))
      case 'SequenceExpression':
        return (node.expressions as Node[]).map(value).at(-1)!
      case 'ArrayExpression':
        return holding(...(node.elements as (Node | null)[]).filter((element) => element !== null).map(value))
      case 'ObjectExpression':
        return holding(...(node.properties as Node[]).map((property) => this.#property(property, place)))
      case 'AssignmentExpression': {
        const right = value(node.right)
        this.#assign(node.left, right, place, node)
        return node.operator === '=' ? right : join(right, node.left.type === 'Identifier' ? value(node.left) : NOTHING)
      }
      case 'UpdateExpression':
        this.#assign(node.argument, NOTHING, place, node)
        return NOTHING
      case 'UnaryExpression':
        if (node.operator === 'delete') this.#assign(node.argument, NOTHING, place, node)
        else value(node.argument)
        return NOTHING
      case 'NewExpression': {
        const given = (node.arguments as Node[]).map(value)
        const made = [...value(node.callee).functions].map((called) => this.#invoke(called, given))
        return join(holding(...given), ...made)
      }
      case 'CallExpression':
        return this.#call(node, place)
      case 'VariableDeclarator':
        this.#bind(node.id, node.init ? value(node.init) : NOTHING, place)
        return NOTHING
      case 'Property':
        return this.#property(node, place)
      case 'TaggedTemplateExpression': {
        const given = (node.quasi.expressions as Node[]).map(value)
        return join(...[...value(node.tag).functions].map((called) => this.#invoke(called, [NOTHING, ...given])))
      }
      case 'ImportExpression':
        return NOTHING
    }
    if (isExpression(node)) eachChild(node, value)
    else this.#statements(node, place)
    return NOTHING
  }

  #property(property: Node, place: Place): Value {
    if (property.type === 'SpreadElement') return memberOf(this.#value(property.argument, place))
    if (property.computed) this.#value(property.key, place)
    const value = this.#value(property.value, place)
    this.#name(property, value)
    if (property.kind === 'get' || property.kind === 'set') this.#accessors.add(property.value)
    return value
  }

  /** Whoever calls a method of this name may mean these functions. */
  #name({ key, computed }: Node, { functions }: Value): void {
    if (computed || functions.size === 0) return
    const known = this.#methods.get(key.name) ?? new Set()
    for (const called of functions) if (!known.has(called)) this.#grew = !!known.add(called)
    this.#methods.set(key.name, known)
  }

  #class(made: Node, place: Place): Value {
    if (!this.#places.has(made)) this.#places.set(made, place)
    for (const member of made.body.body as Node[]) {
      if (member.type === 'StaticBlock') this.#statements(member, place)
      else if (member.type === 'MethodDefinition') {
        const method = this.#value(member.value, place)
        if (member.kind !== 'constructor') this.#name(member, method)
        if (member.kind === 'get' || member.kind === 'set') this.#accessors.add(member.value)
      } else if (member.type === 'PropertyDefinition' && member.value && (member.static || isFunction(member.value)))
        this.#name(member, this.#value(member.value, place))
    }
    return { ...NOTHING, functions: new Set([made]) }
  }

  #variable(node: Node, { source, inside }: Place): Value {
    const binding = source.dissection.names.get(node)
    if (!binding) return NOTHING
    if (binding.kind === 'import') return this.#imported(binding, undefined, source)
    if (this.#isLoading)
      return join(this.#loaded.get(binding) ?? NOTHING, binding.top ? oneOf(this.#rootOf(binding)) : NOTHING)
    const held = this.#called.get(binding) ?? NOTHING
    if (!this.#stays(binding, inside)) return held
    const loaded = this.#loaded.get(binding) ?? NOTHING
    return join(held, loaded, oneOf(this.#rootOf(binding)))
  }

  #imported(binding: Binding, member: string | undefined, { module, dissection }: Source): Value {
    const index = [...dissection.imports.keys()].indexOf(binding)
    const { target } = this.#links.ref(module, member === undefined ? { import: index } : { import: index, member })
    return this.#target(target, member ?? binding.name)
  }

  #target(target: Target, name: string): Value {
    if ('external' in target) {
      const { resolved, specifier } = target.external
      if (resolved.type === 'cairn') return NOTHING
      return oneOf(this.#root(`${specifier} ${name}`, () => ({ name, external: resolved.type })))
    }
    if (!('part' in target)) return NOTHING
    const { module, index, type } = target.part
    const source = this.#sources.get(module)
    const unit = source?.dissection.units[index]
    if (type === 'namespace') return NOTHING
    const binding = unit?.bindings[target.binding]
    const root = binding ? this.#rootOf(binding) : this.#root(target.part, () => ({ name }))
    const node = unit?.node
    if (!binding) {
      const value = node && source ? this.#value(node, { source, inside: [] }) : NOTHING
      return join(value, oneOf(root))
    }
    const loaded = this.#loaded.get(binding) ?? NOTHING
    return this.#isLoading ? join(loaded, oneOf(root)) : join(loaded, this.#called.get(binding) ?? NOTHING, oneOf(root))
  }

  #member(node: Node, place: Place): Value {
    const { names, imports } = place.source.dissection
    const namespace = node.object.type === 'Identifier' ? names.get(node.object) : undefined
    if (node.computed) this.#value(node.property, place)
    else if (namespace && imports.get(namespace)?.name === '*')
      return this.#imported(namespace, node.property.name, place.source)
    const object = this.#value(node.object, place)
    const named = node.computed ? undefined : this.#methods.get(node.property.name)
    const kept = node.computed ? undefined : this.#fields.get(node.property.name)
    const got = [...(named ?? [])].filter((one) => this.#accessors.has(one)).map((one) => this.#invoke(one, [], object))
    const member = join(memberOf(object), kept ?? NOTHING, ...got)
    return named ? { ...member, functions: new Set([...member.functions, ...named]) } : member
  }

  #call(node: Node, place: Place): Value {
    const callee: Node = node.callee.type === 'ChainExpression' ? node.callee.expression : node.callee
    const given = (node.arguments as Node[]).map((argument) => this.#value(argument, place))
    const results: Value[] = []
    if (isTransparent(callee, place.source.dissection)) {
      for (const { functions } of given) for (const one of functions) this.#given.add(one)
      return NOTHING
    }
    if (callee.type === 'MemberExpression') {
      const path = globalPath(callee, place)
      if (path !== undefined) return this.#callGlobal(path, given, node, place)
      results.push(this.#callMethod(callee, given, node, place))
    } else if (callee.type === 'Identifier' && !place.source.dissection.names.has(callee))
      return this.#callGlobal(callee.name, given, node, place)
    else {
      const called = this.#value(callee, place)
      for (const one of called.functions) results.push(this.#invoke(one, given))
      if (called.functions.size === 0) {
        for (const root of called.self)
          if (root.external === 'package' && CHANGING_IN_PACKAGES.test(root.name))
            this.#change(given[0] ?? NOTHING, node, place)
          // A function that gives the same for nothing would not be called.
          else if (!root.external && given.length === 0 && this.#isMadeElsewhere(root))
            this.#change(oneOf(root), node, place)
        this.#callBack(given, join(...given))
      }
    }
    return join(...results)
  }

  #callMethod(callee: Node, given: readonly Value[], node: Node, place: Place): Value {
    const receiver = this.#value(callee.object, place)
    const name: string | undefined = callee.computed
      ? callee.property.type === 'Literal'
        ? String(callee.property.value)
        : undefined
      : (callee.property.name as string)
    if (callee.computed) this.#value(callee.property, place)
    if (name === 'call' || name === 'apply' || name === 'bind') {
      const method = callee.object.type === 'MemberExpression' ? callee.object.property.name : undefined
      if (CHANGING.has(method) && name !== 'bind') this.#change(given[0] ?? NOTHING, node, place)
      const rest = name === 'apply' ? [memberOf(given[1] ?? NOTHING)] : given.slice(1)
      const all = [...receiver.functions].map((called) => this.#invoke(called, rest, given[0]))
      return name === 'bind' ? { ...NOTHING, functions: receiver.functions } : join(...all)
    }
    const member = this.#member(callee, place)
    const own = name === undefined ? receiver.functions : (this.#methods.get(name) ?? new Set<Node>())
    const exact = own.size > 0 ? own : isNamespaceMember(callee, place) ? member.functions : new Set<Node>()
    const results = [...exact].map((called) => this.#invoke(called, given, receiver))
    if (exact.size > 0 && (receiver.functions.size > 0 || !CHANGING.has(name ?? ''))) return join(...results)
    const outside = [...receiver.self].find(({ external }) => external)
    if (outside) {
      if (outside.external === 'package' && CHANGING_IN_PACKAGES.test(name ?? ''))
        this.#change(given[0] ?? NOTHING, node, place)
      this.#callBack(given, join(...given))
      return NOTHING
    }
    for (const root of receiver.self) {
      const isKnown = name !== undefined && CHANGING.has(name)
      const isLikely = name !== undefined && CHANGING_IN_PACKAGES.test(name) && this.#isMadeElsewhere(root)
      const isMatch = (name === 'exec' || name === 'test') && remembersPlace(root)
      if (isKnown || isLikely || isMatch) this.#change(oneOf(root), node, place)
    }
    if (name !== undefined && KEEPING.has(name)) this.#keep(callee.object, join(...given), place)
    const items = memberOf(receiver)
    const returned = this.#callBack(given, items, receiver)
    if (name === 'reduce' || name === 'reduceRight') this.#callBack(given, join(items, returned, ...given), receiver)
    if (name === 'map' && given[0] && given[0].functions.size > 0) return holding(returned)
    if (name !== undefined && PARTS.has(name)) return join(items, returned, ...given)
    if (name !== undefined && COPIES.has(name))
      return holding(items, returned, ...(name === 'concat' ? given.map(memberOf) : []))
    return join(...results)
  }

  #callGlobal(name: string, given: readonly Value[], node: Node, place: Place): Value {
    if (CHANGING_GLOBALS.has(name)) this.#change(given[0] ?? NOTHING, node, place)
    if (name === 'Reflect.apply' || /\.prototype\.\w+\.(call|apply)$/.test(name)) {
      const method = name.split('.').at(-2)
      if (method !== undefined && CHANGING.has(method)) this.#change(given[0] ?? NOTHING, node, place)
    }
    const returned = this.#callBack(given, join(...given.map(memberOf)))
    if (PASSING_GLOBALS.has(name)) return given[0] ?? NOTHING
    return HOLDING_GLOBALS.has(name) ? holding(returned, ...given.map(memberOf)) : NOTHING
  }

  /** Functions that are handed over may be called, with whatever may be at hand. */
  #callBack(given: readonly Value[], item: Value, whole = item): Value {
    const results: Value[] = []
    for (const { functions } of given)
      for (const called of functions)
        if (!isClass(called)) results.push(this.#invoke(called, [item, item, whole, whole]))
    return join(...results)
  }

  /** Whether it was made by code that is not the project's own. */
  #isMadeElsewhere({ init }: Root): boolean {
    if (init?.type !== 'NewExpression' && init?.type !== 'CallExpression') return false
    let callee: Node = init.callee
    while (callee.type === 'MemberExpression' || callee.type === 'CallExpression')
      callee = callee.object ?? callee.callee
    for (const source of this.#sources.values()) {
      const binding = source.dissection.names.get(callee)
      if (binding?.kind === 'import')
        return [...this.#imported(binding, undefined, source).self].some(({ external }) => external !== undefined)
    }
    return false
  }

  #useUp({ self }: Value, node: Node, place: Place): void {
    const isGenerator = (callee: Node) => [...this.#value(callee, place).functions].some(({ generator }) => generator)
    for (const root of self) if (isUsedUp(root, isGenerator)) this.#change(oneOf(root), node, place)
  }

  #bind(pattern: Node, value: Value, place: Place): void {
    switch (pattern.type) {
      case 'Identifier': {
        const binding = place.source.dissection.names.get(pattern)
        if (binding) this.#hold(binding, value)
        return
      }
      case 'AssignmentPattern':
        return this.#bind(pattern.left, join(value, this.#value(pattern.right, place)), place)
      case 'ObjectPattern':
        for (const { value: inner, argument, key, computed } of pattern.properties as Node[]) {
          const named = key && !computed ? this.#methods.get(key.name) : undefined
          const member = memberOf(value)
          const found = named ? { ...member, functions: new Set([...member.functions, ...named]) } : member
          this.#bind(inner ?? argument, argument ? holding(member) : found, place)
        }
        return
      case 'ArrayPattern':
        for (const element of pattern.elements as (Node | null)[])
          if (element) this.#bind(element, memberOf(value), place)
        return
      case 'RestElement':
        return this.#bind(pattern.argument, holding(memberOf(value)), place)
    }
  }

  #assign(pattern: Node, value: Value, place: Place, at: Node = pattern): void {
    for (const target of targets(pattern)) {
      if (target.type === 'ChainExpression') this.#assign(target.expression, value, place, at)
      else if (target.type === 'MemberExpression') {
        this.#change(this.#value(target.object, place), at, place)
        if (globalPath(target, place) !== undefined) this.#note(globalPath(target, place)!, at, place)
        if (!target.computed) {
          this.#name({ ...target, key: target.property }, value)
          this.#grow(this.#fields, target.property.name, value)
        }
        this.#keep(target.object, value, place)
      } else if (target.type === 'Identifier') {
        const binding = place.source.dissection.names.get(target)
        if (!binding) this.#note(target.name, at, place)
        else {
          this.#hold(binding, value)
          if (this.#stays(binding, place.inside)) this.#note(binding.name, at, place)
        }
      }
    }
  }

  /** A variable whose value has been put into something holds that, too. */
  #keep(object: Node, value: Value, place: Place): void {
    const binding = object.type === 'Identifier' ? place.source.dissection.names.get(object) : undefined
    if (binding) this.#hold(binding, holding(value))
  }

  #hold(binding: Binding, value: Value): void {
    this.#grow(this.#isLoading ? this.#loaded : this.#called, binding, value)
  }

  /** Whether a variable outlives the call: one of the module, or one of a call that loading made. */
  #stays(binding: Binding, inside: readonly Node[]): boolean {
    if (binding.top || binding.home.type === 'Program') return true
    if (!this.#ranWhileLoading.has(binding.home) || inside[0] === binding.home) return false
    const between = inside.slice(0, inside.indexOf(binding.home))
    return !this.#runs.has(binding.home) || between.some((one) => this.#isKept(one))
  }

  /** Whether a variable of a module holds the function. */
  #isKept(one: Node): boolean {
    return [...this.#loaded].some(([{ top }, { functions }]) => top && functions.has(one))
  }

  #change({ self }: Value, node: Node, place: Place): void {
    if (this.#isLoading) for (const root of self) root.filled = true
    for (const root of self) if (!isPrimitive(root)) this.#note(root.name, node, place)
  }

  #note(root: string, node: Node, { source }: Place): void {
    const isKnown = this.changes.some((change) => change.node === node && change.root === root)
    if (!this.#isLoading && !isKnown) this.changes.push({ module: source.module, node, root })
  }

  #rootOf(binding: Binding): Root {
    const { name, value } = binding
    return this.#root(binding, () => ({ name, ...(value && { init: value, flat: isFlat(value) }) }))
  }

  #root(key: unknown, make: () => Root): Root {
    let root = this.#roots.get(key)
    if (!root) this.#roots.set(key, (root = make()))
    return root
  }

  #grow<Key>(map: Map<Key, Value>, key: Key, value: Value): void {
    const before = map.get(key) ?? NOTHING
    const after = join(before, value)
    if (sizeOf(after) === sizeOf(before)) return
    map.set(key, after)
    this.#grew = true
  }
}

/** `Object.assign` of global variables only. */
function globalPath(node: Node, { source }: Place): string | undefined {
  if (node.type === 'Identifier') return source.dissection.names.has(node) ? undefined : node.name
  if (node.type !== 'MemberExpression') return undefined
  const object = globalPath(node.object, { source, inside: [] })
  return object === undefined ? undefined : `${object}.${node.computed ? '[]' : node.property.name}`
}

function isNamespaceMember({ object }: Node, { source }: Place): boolean {
  const binding = object.type === 'Identifier' ? source.dissection.names.get(object) : undefined
  return binding !== undefined && source.dissection.imports.get(binding)?.name === '*'
}

function isExpression({ type }: Node): boolean {
  return (
    /Expression$|^(Identifier|Literal|TemplateLiteral|SpreadElement|Property|VariableDeclarator)$/.test(type) &&
    type !== 'StaticBlock'
  )
}

/** Whether it holds only what cannot be changed. */
function isFlat(init: Node): boolean {
  const isLiteral = (node: Node | null) =>
    node !== null && ['Literal', 'TemplateLiteral', 'UnaryExpression'].includes(node.type) && !node.regex
  if (init.type === 'ArrayExpression') return init.elements.every(isLiteral)
  if (init.type === 'ObjectExpression')
    return init.properties.every(({ type, value }: Node) => type === 'Property' && isLiteral(value))
  return init.type === 'NewExpression' && init.callee.name === 'Set' && init.arguments.every(isFlat)
}

/** Nothing can change it. */
function isPrimitive({ init }: Root): boolean {
  if (!init) return false
  return ['TemplateLiteral', 'BinaryExpression'].includes(init.type) || (init.type === 'Literal' && !init.regex)
}

function oneOf(root: Root): Value {
  return { ...NOTHING, self: new Set([root]) }
}

/** The value itself, or what its promise holds. */
function awaited(value: Value): Value {
  return join(value, memberOf({ ...value, self: NOTHING.self }))
}

/** The functions of a piece of code that stand in no other function. */
function outermost(node: Node): Node[] {
  if (isFunction(node)) return [node]
  const found: Node[] = []
  eachChild(node, (child) => found.push(...outermost(child)))
  return found
}
