import { hides, mayRunHidden } from './hidden.ts'
import { isData, isHarmlessGlobal, isInert, isTransparent, rootOf, STATELESS, type ModuleNames } from './inert.ts'
import { targets, type Binding, type Names } from './scope.ts'
import { eachChild, isFunction, type Node } from './syntax.ts'
import { CALLED, CHANGED, DEEP, LOADED, MENTIONED, METHOD, PASSED, type Touch } from './touch.ts'

/**
 * What code may do to state outside itself. This determines which top-level code belongs to a closure although nothing
 * refers to it, and where the order of evaluation matters. If in doubt, an effect is assumed.
 */
export interface Effects {
  /** Loading it runs code: calls or assignments. */
  readonly runs: boolean
  /** Loading it always gives the same result: it reads nothing that could change. */
  readonly inert: boolean
  /** It changes something that cannot be named: what a parameter, `this` or a captured variable holds. */
  readonly changesUnknown: boolean
  /** It changes state outside all modules: a global variable or a built-in prototype. */
  readonly changesGlobals: boolean
  /** It calls a global function that might do that. */
  readonly callsGlobals: boolean
  /** It takes a global object, as in `const g = globalThis`, which other code may then change by another name. */
  readonly holdsGlobals: boolean
  /** It reads a prototype or a constructor, which lead from an instance to its class. */
  readonly asksPrototypes: boolean
  /** It has functions that run without being called, such as getters. */
  readonly hides: boolean
  /** Loading it may run such functions of other code. */
  readonly looks: boolean
  /** It is a generator function: iterating over what it returns changes that object. */
  readonly generates: boolean
  /** How it uses the top-level variables of the module. */
  readonly touches: ReadonlyMap<Binding, Touch>
}

/** Where a piece of code is: in which function (`home`; undefined at the top level), and how it is used there. */
interface FunctionContext {
  readonly home: Node | undefined
  /** In a constructor, where `this` is a new object. */
  readonly constructing: boolean
  /** In an argument of a call of Cairn, which calls none of these functions while a module loads. */
  readonly putOff?: boolean
  /** It is called, or a member of it is read. */
  readonly asked?: boolean
}

const TOP: FunctionContext = { home: undefined, constructing: false }

/** Returns the effects that a piece of code may have. */
export function effects(nodes: readonly Node[], module: ModuleNames): Effects {
  const { names } = module
  const touches = new Map<Binding, Touch>()
  let runs = false
  let changesUnknown = false
  let changesGlobals = false
  let callsGlobals = false
  let holdsGlobals = false
  let asksPrototypes = false
  for (const node of nodes) visit(node, TOP)
  return {
    runs,
    inert: nodes.every((node) => isInert(node, module)),
    changesUnknown,
    changesGlobals,
    callsGlobals,
    holdsGlobals,
    asksPrototypes,
    hides: nodes.some(hides),
    looks: nodes.some(mayRunHidden),
    generates: nodes.some(({ generator, init }) => generator === true || init?.generator === true),
    touches,
  }

  function visit(node: Node, around: FunctionContext): void {
    const place = around.asked ? { ...around, asked: false } : around
    if (isFunction(node) && place.putOff) return
    if (isFunction(node)) return eachChild(node, (child) => visit(child, { home: node, constructing: false }))
    switch (node.type) {
      case 'Identifier': {
        const binding = names.get(node)
        const passed = around.asked ? 0 : PASSED
        if (binding?.top) touch(binding, MENTIONED | passed | (place.home ? 0 : LOADED))
        else if (!binding && !around.asked && !isPlain(node)) holdsGlobals = true
        return
      }
      case 'MemberExpression':
        asksPrototypes ||= leadsToClass(node)
        if (!around.asked && isGlobalObject(node, names)) holdsGlobals = true
        visit(node.object, { ...place, asked: around.asked === true && !leadsToClass(node) })
        if (node.computed) visit(node.property, place)
        return
      case 'MethodDefinition':
        if (node.kind !== 'constructor') break
        return eachChild(node.value, (child) => visit(child, { home: node.value, constructing: true }))
      case 'PropertyDefinition':
        if (node.computed) visit(node.key, place)
        if (node.value) visit(node.value, node.static ? place : { home: node, constructing: true })
        return
      case 'ClassDeclaration':
      case 'ClassExpression':
        if (node.superClass) visit(node.superClass, { ...place, asked: true })
        visit(node.body, place)
        return
      case 'BinaryExpression':
        visit(node.left, place)
        visit(node.right, { ...place, asked: node.operator === 'instanceof' })
        return
      case 'VariableDeclarator': // a `var` can be read before it is set, so setting it is an effect
        if (node.init)
          for (const target of targets(node.id)) if (names.get(target)?.kind === 'var') assign(target, place)
        break
      case 'AssignmentExpression':
        for (const target of targets(node.left)) assign(target, place)
        break
      case 'UpdateExpression':
        assign(node.argument, place)
        break
      case 'UnaryExpression':
        if (node.operator === 'delete') assign(node.argument, place)
        break
      case 'ForInStatement':
      case 'ForOfStatement':
        if (node.left.type !== 'VariableDeclaration') for (const target of targets(node.left)) assign(target, place)
        break
      case 'CallExpression':
      case 'NewExpression':
        call(node, place)
        visit(node.callee, { ...place, asked: true })
        for (const given of node.arguments) visit(given, handedOver(node.callee, place))
        return
      case 'TaggedTemplateExpression':
        call({ ...node, callee: node.tag, arguments: [] }, place)
        break
      case 'AwaitExpression':
      case 'ImportExpression':
        if (!place.home && !isTransparent(node.argument ?? node, module)) runs = true
        break
    }
    eachChild(node, (child) => visit(child, place))
  }

  /** Cairn calls none of the functions that it receives while a module loads. */
  function handedOver(callee: Node, place: FunctionContext): FunctionContext {
    return !place.home && isTransparent(callee, module) ? { ...place, putOff: true } : place
  }

  function assign(target: Node, place: FunctionContext): void {
    if (!place.home) runs = true
    if (target.type === 'MemberExpression') return change(target.object, place)
    if (target.type === 'ChainExpression') return assign(target.expression, place)
    const binding = names.get(target)
    if (!binding) changesGlobals = true
    else if (binding.top) touch(binding, CHANGED)
    else if (!isOwn(binding, place)) changesUnknown = true // captured: it outlives the call
  }

  /** Records that the object that the expression gives is changed. */
  function change(object: Node, place: FunctionContext): void {
    const { root, depth, called } = rootOf(object)
    if (root.type === 'ThisExpression' && depth === 0 && place.constructing) return
    if (depth === 0 ? isFresh(root) : isFreshResult(object)) return
    if (root.type !== 'Identifier') return void (changesUnknown = true)
    const binding = names.get(root)
    if (binding?.top) touch(binding, called ? CHANGED | DEEP : CHANGED)
    else if (!binding && !called) changesGlobals = true
    else if (!binding || depth > 0 || !isOwn(binding, place) || !holdsFresh(binding)) changesUnknown = true
  }

  function call(node: Node, place: FunctionContext): void {
    const callee: Node = node.callee.type === 'ChainExpression' ? node.callee.expression : node.callee
    if (callee.type === 'Super' || isTransparent(callee, module)) return
    const isQuiet = isHarmlessGlobal(callee, names) && node.arguments.every((given: Node) => isData(given, module))
    if (!place.home && !isQuiet) runs = true
    if (isFunction(callee)) return
    const { root, depth } = rootOf(callee)
    const binding = root.type === 'Identifier' ? names.get(root) : undefined
    if (binding?.top) {
      const length = module.imports.get(binding)?.name === '*' ? Math.max(depth - 1, 0) : depth
      if (length === 0) touch(binding, CALLED)
      else if (!isPureMethod(callee)) touch(binding, length === 1 ? METHOD : DEEP)
    } else if (root.type === 'Identifier' && !binding) callGlobal(callee, node.arguments, place)
    else if (callee.type !== 'MemberExpression') changesUnknown ||= !isLocalFunction(binding)
    else if (!isPureMethod(callee)) change(callee.object, place)
  }

  function callGlobal(callee: Node, given: readonly Node[], place: FunctionContext): void {
    const { root, depth, called } = rootOf(callee)
    const method: string | undefined = callee.property?.name
    const isChanging = depth === 1 && Object.hasOwn(CHANGING, root.name) && CHANGING[root.name]!.includes(method!)
    const changesFirst = isChanging || method === 'call' || method === 'apply'
    if (changesFirst && given[0]) change(given[0], place)
    else if (!isHarmlessGlobal(callee, names)) callsGlobals = true
    else if (!called || isPureMethod(callee)) return
    else if (callee.type === 'MemberExpression') change(callee.object, place)
    else changesUnknown = true // calls what a built-in returned: `Object.assign(f)()`
  }

  function touch(binding: Binding, how: Touch): void {
    touches.set(binding, (touches.get(binding) ?? 0) | how)
  }
}

/** Whether a global holds no object, or is a function that is passed to be called: `xs.map(Number)`. */
function isPlain({ name }: Node): boolean {
  return PLAIN.has(name)
}
const PLAIN = new Set(
  `undefined NaN Infinity arguments String Number Boolean BigInt Symbol parseInt parseFloat isNaN isFinite
   encodeURIComponent decodeURIComponent encodeURI decodeURI structuredClone`.split(/\s+/),
)

/** Whether it is an object that a global holds: `process.env`, but neither `Math.PI` nor `Number.MAX_VALUE`. */
function isGlobalObject(member: Node, names: Names): boolean {
  const { root, called } = rootOf(member)
  if (called || root.type !== 'Identifier' || names.has(root)) return false
  if (member.computed || member.property.name === 'prototype') return true
  return !STATELESS.has(root.name) && !isPlain(root) && !/^[A-Z][A-Z0-9_]*$/.test(member.property.name)
}

function leadsToClass({ property, computed }: Node): boolean {
  const name: unknown = computed ? property.value : property.name
  return TO_CLASS.has(name as string)
}
const TO_CLASS = new Set(['prototype', '__proto__', 'constructor', 'getPrototypeOf', 'setPrototypeOf'])

/** Methods of `Object` and `Reflect` that change their first argument. */
const CHANGING: Readonly<Record<string, readonly string[]>> = {
  Object: ['assign', 'defineProperty', 'defineProperties', 'setPrototypeOf'],
  Reflect: ['set', 'defineProperty', 'deleteProperty', 'setPrototypeOf', 'apply'],
  Atomics: ['add', 'and', 'compareExchange', 'exchange', 'or', 'store', 'sub', 'xor'],
}
/**
 * Methods of arrays, strings, maps and similar that change nothing. If a class defines its own `map`, its code counts.
 */
const PURE_METHODS = new Set(
  `at charAt charCodeAt codePointAt concat endsWith entries every filter find findIndex findLast findLastIndex flat
   flatMap forEach get getTime has hasOwnProperty includes indexOf isPrototypeOf join keys lastIndexOf localeCompare map
   match matchAll normalize padEnd padStart reduce reduceRight repeat replace replaceAll search slice some split
   startsWith subarray substring then catch finally toFixed toISOString toJSON toLowerCase toPrecision toReversed
   toSorted toSpliced toString toUpperCase trim trimEnd trimStart union intersection difference valueOf values
   with`.split(/\s+/),
)

function isPureMethod(callee: Node): boolean {
  return callee.type === 'MemberExpression' && !callee.computed && PURE_METHODS.has(callee.property.name)
}

/** Whether each call of the function that contains the code creates the variable. */
function isOwn({ home }: Binding, place: FunctionContext): boolean {
  return place.home === undefined || home === place.home
}

/** Whether the variable holds something that the same call of its function created. */
function holdsFresh({ value, assigned }: Binding): boolean {
  return !assigned && value !== undefined && (isFresh(value) || isFreshResult(value))
}

/** Whether it is a call that returns a new object: `xs.map(f)`, `Object.keys(x)`. */
function isFreshResult({ type, callee }: Node): boolean {
  return type === 'CallExpression' && callee.type === 'MemberExpression' && FRESH_RESULTS.has(callee.property.name)
}
const FRESH_RESULTS = new Set(
  `map filter slice flatMap flat concat split toSorted toReversed toSpliced from fromEntries keys values entries
   parse`.split(/\s+/),
)

function isFresh({ type }: Node): boolean {
  return ['ObjectExpression', 'ArrayExpression', 'NewExpression', 'Literal', 'TemplateLiteral'].includes(type)
}

function isLocalFunction(binding: Binding | undefined): boolean {
  const { kind, value, assigned } = binding ?? {}
  return !assigned && (kind === 'function' || kind === 'class' || (value !== undefined && isFunction(value)))
}
