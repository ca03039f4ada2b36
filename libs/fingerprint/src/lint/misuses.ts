import type { Dissection } from '../analyse/analyse.ts'
import { cairnFunction } from '../find-steps.ts'
import type { Links, Target } from '../link.ts'
import type { Module } from '../modules.ts'
import { targets, type Binding } from '../analyse/scope.ts'
import { importedCallee } from '../analyse/step-call.ts'
import { eachChild, isFunction, type Node } from '../analyse/syntax.ts'

/** A handle where a value is needed. */
export interface Misuse {
  readonly start: number
  readonly name: string
  readonly message: string
}

export function misuses(dissection: Dissection, module: Module, links: Links): Misuse[] {
  const { program, names, imports, units } = dissection
  const importIndex = new Map([...imports.keys()].map((binding, index) => [binding, index]))
  const unitIndex = new Map(units.flatMap(({ bindings }, unit) => bindings.map((binding) => [binding, unit] as const)))
  const handles = new Set<Binding>()
  const found = new Map<number, Misuse>()
  findPipelines(program)
  return [...found.values()].sort((a, b) => a.start - b.start)

  function findPipelines(node: Node): void {
    if (node.type === 'CallExpression' && drawn(node) === 'pipeline') lintBody(node.arguments.at(-1), true)
    else eachChild(node, findPipelines)
  }

  function lintBody(given: Node | undefined, takesHandles: boolean): void {
    const value = given?.type === 'Identifier' ? names.get(given)?.value : given
    if (!value || !isFunction(value)) return
    if (takesHandles) for (const parameter of value.params) addHandles(parameter)
    visit(value.body)
  }

  function visit(node: Node): void {
    switch (node.type) {
      case 'VariableDeclarator':
        if (node.init && givesHandles(node.init)) addHandles(node.id)
        break
      case 'AssignmentExpression':
        if (node.operator !== '=') check([node.left, node.right], COMPUTING)
        else if (givesHandles(node.right)) addHandles(node.left)
        break
      case 'CallExpression': {
        const called = drawn(node)
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
    }
    eachChild(node, visit)
  }

  function check(operands: readonly (Node | null)[], message: string): void {
    for (const operand of operands) {
      if (operand?.type === 'LogicalExpression') check([operand.right], message)
      if (!operand || !isHandle(operand)) continue
      const { start } = operand
      found.set(start, { start, name: handleName(operand), message: `${handleName(operand)} ${message}` })
    }
  }

  function isHandle(node: Node): boolean {
    if (node.type === 'MemberExpression') return !node.computed && isHandle(node.object)
    return node.type === 'Identifier' && handles.has(names.get(node)!)
  }

  /** Whether an expression is a handle, a record of handles, or makes some: only what draws can take any. */
  function givesHandles(node: Node): boolean {
    if (isHandle(node)) return true
    if (node.type !== 'CallExpression') return false
    return drawn(node) !== undefined || node.arguments.some(holdsHandle)
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

  /** Which of Cairn's functions a call is of; `step` also for calls of what those made: a step, another pipeline. */
  function drawn({ callee }: Node): string | undefined {
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
    return node.type === 'MemberExpression' ? `${handleName(node.object)}.${node.property.name}` : node.name
  }
}

const COMPARING = new Set(['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'in', 'instanceof'])
const CHOOSING = 'has no value while the pipeline is drawn: choose with when(condition, then, otherwise)'
const COMPUTING = 'has no value while the pipeline is drawn: compute with it inside a step'
