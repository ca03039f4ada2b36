import type { Dissection } from '../analyse/analyse.ts'
import { cairnFunction } from '../find-steps.ts'
import type { Links, Target } from '../link.ts'
import type { Module } from '../modules.ts'
import { targets, type Binding } from '../analyse/scope.ts'
import { importedCallee } from '../analyse/step-call.ts'
import { eachChild, isFunction, type Node } from '../analyse/syntax.ts'

/** A handle in a place that needs a value. */
export interface Misuse {
  readonly start: number
  readonly name: string
  readonly message: string
}

/** A function of another module that is called with handles, and which of its parameters receive them. */
export interface Passed {
  readonly module: Module
  readonly unit: number
  readonly parameters: readonly number[]
}

/**
 * Finds the handles that a module uses as values, and the functions of other modules that it passes handles to.
 *
 * @param entered functions of this module that other modules call with handles
 */
export function misuses(
  dissection: Dissection,
  module: Module,
  links: Links,
  entered: readonly Passed[] = [],
): { found: Misuse[]; passed: Passed[] } {
  const { program, names, imports, units } = dissection
  const importIndex = new Map([...imports.keys()].map((binding, index) => [binding, index]))
  const unitIndex = new Map(units.flatMap(({ bindings }, unit) => bindings.map((binding) => [binding, unit] as const)))
  const handles = new Set<Binding>()
  /** The handles that are records of handles by name. */
  const records = new Set<Binding>()
  const linted = new Map<Node, string>()
  const passed: Passed[] = []
  const found = new Map<number, Misuse>()
  findPipelines(program)
  for (const { unit, parameters } of entered) lintCalled(functionOf(units[unit]!.node), parameters)
  return { found: [...found.values()].sort((a, b) => a.start - b.start), passed }

  function findPipelines(node: Node): void {
    if (node.type === 'CallExpression' && graphFunction(node) === 'pipeline') {
      const body: Node | undefined = node.arguments.at(-1)
      lintBody(body, true)
      if (body?.type === 'Identifier') pass(body, [0])
    } else eachChild(node, findPipelines)
  }

  function lintBody(given: Node | undefined, takesHandles: boolean): void {
    const value = given?.type === 'Identifier' ? names.get(given)?.value : given
    if (!value || !isFunction(value)) return
    if (takesHandles) for (const parameter of value.params) addHandles(parameter)
    visit(value.body)
  }

  /** Checks a function of the project that is called with handles. */
  function lintCalled(called: Node | undefined, parameters: readonly number[]): void {
    if (!called || !isFunction(called)) return
    const as = parameters.join()
    if (parameters.length === 0 || linted.get(called) === as) return
    linted.set(called, as)
    for (const index of parameters) if (called.params[index]) addHandles(called.params[index])
    visit(called.body)
  }

  function pass(callee: Node, parameters: readonly number[]): void {
    const here = names.get(callee)
    if (here && here.kind !== 'import') return lintCalled(here.value, parameters)
    const target = targetOf(callee)
    if (parameters.length === 0 || !target || !('part' in target) || target.part.type !== 'unit') return
    if (target.part.module !== module) passed.push({ module: target.part.module, unit: target.part.index, parameters })
  }

  function visit(node: Node): void {
    switch (node.type) {
      case 'VariableDeclarator':
        if (node.init && givesHandles(node.init)) {
          addHandles(node.id)
          const binding = names.get(node.id)
          if (binding && (node.init.type === 'CallExpression' || isRecord(node.init))) records.add(binding)
        }
        break
      case 'AssignmentExpression':
        if (node.operator !== '=') check([node.left, node.right], COMPUTING)
        else if (givesHandles(node.right)) addHandles(node.left)
        break
      case 'CallExpression': {
        const called = graphFunction(node)
        if (called === undefined) checkCall(node)
        if (called !== 'each' && called !== 'when') break
        visit(node.arguments[0])
        for (const body of node.arguments.slice(1, 3)) lintBody(body, called === 'each')
        return
      }
      case 'IfStatement':
      case 'ConditionalExpression':
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'ForStatement':
        check([node.test], CHOOSING)
        break
      case 'SwitchStatement':
        check([node.discriminant, ...node.cases.map(({ test }: Node) => test)], CHOOSING)
        break
      case 'LogicalExpression':
        check([node.left], CHOOSING)
        break
      case 'UnaryExpression':
        if (node.operator !== 'void') check([node.argument], node.operator === '!' ? CHOOSING : COMPUTING)
        break
      case 'UpdateExpression':
        check([node.argument], COMPUTING)
        break
      case 'BinaryExpression':
        check([node.left, node.right], COMPARING.has(node.operator) ? CHOOSING : COMPUTING)
        break
      case 'TemplateLiteral':
        check(node.expressions, COMPUTING)
        break
      case 'SpreadElement':
        checkHandle(node.argument)
        break
      case 'ForInStatement':
      case 'ForOfStatement':
        checkHandle(node.right)
        break
      case 'MemberExpression':
        if (node.optional) check([node.object], CHOOSING)
        if (node.computed) check([node.property], COMPUTING)
        break
    }
    eachChild(node, visit)
  }

  function check(operands: readonly (Node | null)[], message: string): void {
    for (const operand of operands) {
      if (operand?.type === 'LogicalExpression') check([operand.right], message)
      if (operand?.type === 'ConditionalExpression') check([operand.consequent, operand.alternate], message)
      if (operand?.type === 'SequenceExpression') check([operand.expressions.at(-1)], message)
      if (operand && (isHandle(operand) || addsNodes(operand))) report(operand, message)
    }
  }

  /** Reports a handle where only a record of handles is allowed. */
  function checkHandle(node: Node): void {
    if (isHandle(node) && !isRecord(node)) report(node, COMPUTING)
  }

  function checkCall({ callee, arguments: given }: Node): void {
    const called: Node = callee.type === 'ChainExpression' ? callee.expression : callee
    const parameters = given.flatMap((argument: Node, index: number) => (isHandle(argument) ? [index] : []))
    if (called.type === 'Identifier') pass(called, parameters)
    const isGlobal = (node: Node): boolean =>
      node.type === 'MemberExpression' ? isGlobal(node.object) : node.type === 'Identifier' && !names.has(node)
    if (isGlobal(called)) given.forEach(checkHandle)
    if (called.type !== 'MemberExpression' || called.computed) return
    checkHandle(called.object)
    const items: Node[] = called.object.type === 'ArrayExpression' ? called.object.elements : []
    const held = items.filter((item) => item && isHandle(item))
    if (INSPECTING.has(called.property.name)) held.forEach(checkHandle)
    if (held.length > 0) for (const body of given) if (isFunction(body)) lintCalled(body, [0])
  }

  function report(node: Node, message: string): void {
    const { start } = node
    found.set(start, { start, name: handleName(node), message: `${handleName(node)} ${message}` })
  }

  function isHandle(node: Node): boolean {
    if (node.type === 'ChainExpression') return isHandle(node.expression)
    if (node.type === 'MemberExpression') return !node.computed && (isHandle(node.object) || addsNodes(node.object))
    return node.type === 'Identifier' && handles.has(names.get(node)!)
  }

  function addsNodes(node: Node): boolean {
    return node.type === 'CallExpression' && ['step', 'each', 'when'].includes(graphFunction(node)!)
  }

  /** Whether a node is a record of handles by name. */
  function isRecord(node: Node): boolean {
    return node.type === 'Identifier' && records.has(names.get(node)!)
  }

  /**
   * Whether an expression is or returns a handle or a record of handles. Only calls that build the graph can take
   * handles.
   */
  function givesHandles(node: Node): boolean {
    if (isHandle(node)) return true
    if (node.type !== 'CallExpression') return false
    return graphFunction(node) !== undefined || node.arguments.some(holdsHandle)
  }

  function holdsHandle(node: Node): boolean {
    if (node.type === 'ObjectExpression') return node.properties.some(({ value }: Node) => value && holdsHandle(value))
    return isHandle(node)
  }

  function addHandles(pattern: Node): void {
    for (const target of targets(pattern)) {
      const binding = names.get(target)
      if (binding) handles.add(binding)
    }
  }

  /** The name of the Cairn function that is called; `step` also for a call of a step, a source or another pipeline. */
  function graphFunction({ callee }: Node): string | undefined {
    const target = targetOf(callee)
    if (!target) return undefined
    const called = cairnFunction(target)
    if (called !== undefined) return ['pipeline', 'each', 'when'].includes(called) ? called : undefined
    if (!('part' in target)) return undefined
    const { module, index } = target.part
    const unit = module.analysis.units[index]
    const made = unit?.callee && cairnFunction(links.ref(module, unit.callee).target)
    return made !== undefined && ['step', 'source', 'pipeline'].includes(made) ? 'step' : undefined
  }

  function targetOf(callee: Node): Target | undefined {
    const imported = importedCallee(callee, names)
    if (imported) {
      const { binding, member } = imported
      const index = importIndex.get(binding)!
      return links.ref(module, member === undefined ? { import: index } : { import: index, member }).target
    }
    const unit = unitIndex.get(names.get(callee))
    return unit === undefined || !names.has(callee) ? undefined : { part: links.part(module, unit), binding: 0 }
  }

  function handleName(node: Node): string {
    if (node.type === 'ChainExpression') return handleName(node.expression)
    if (node.type === 'CallExpression') return `${handleName(node.callee)}(…)`
    return node.type === 'MemberExpression' ? `${handleName(node.object)}.${node.property.name}` : node.name
  }
}

/** The function in a unit's node: the initial value of a declarator, or the node itself. */
function functionOf(node: Node): Node | undefined {
  return node.type === 'VariableDeclarator' ? (node.init ?? undefined) : node
}

/** Array methods that read the items. */
const INSPECTING = new Set([
  'filter',
  'find',
  'some',
  'every',
  'includes',
  'indexOf',
  'join',
  'sort',
  'toSorted',
  'toString',
])
const COMPARING = new Set(['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'in', 'instanceof'])
const CHOOSING = 'has no value while the pipeline is being built: use when(condition, then, otherwise)'
const COMPUTING = 'has no value while the pipeline is being built: use the value inside a step'
