import { eachChild, type Node } from '../analyse/syntax.ts'
import { noteAwaited } from './later.ts'
import { iterate } from './members.ts'
import { assign, bind } from './patterns.ts'
import { functionAround } from './variables.ts'
import { NOTHING, type Slot, type CodeContext } from './thing.ts'
import type { World } from './world.ts'

/** Follows every branch of a statement. */
export function runStatement(node: Node, place: CodeContext, world: World): void {
  switch (node.type) {
    case 'VariableDeclaration':
      for (const declarator of node.declarations as Node[]) declare(declarator, place, world)
      return
    case 'VariableDeclarator':
      return declare(node, place, world)
    case 'ReturnStatement':
      if (node.argument && functionAround(place.env).home.async) noteAwaited(node.argument)
      if (node.argument) world.flow.into(world.value(node.argument, place), returnedBy(place))
      return
    case 'ForOfStatement':
    case 'ForInStatement': {
      const over = world.value(node.right, place)
      const site = { ...place, node: node.right }
      const item = node.type === 'ForOfStatement' ? iterate(over, site, world) : NOTHING
      if (node.left.type === 'VariableDeclaration') bind(node.left.declarations[0].id, item, place, world)
      else assign(node.left, item, { ...place, node: node.left }, world)
      return world.statement(node.body, place)
    }
    case 'ThrowStatement':
      return world.flow.into(world.value(node.argument, place), world.thrown)
    case 'CatchClause':
      if (node.param) bind(node.param, world.thrown, place, world)
      return world.statement(node.body, place)
  }
  if (isExpression(node)) world.value(node, place)
  else eachChild(node, (child) => world.statement(child, place))
}

function declare({ id, init }: Node, place: CodeContext, world: World): void {
  if (!init) return
  const label = id.type === 'Identifier' ? { label: id.name as string } : {}
  bind(id, world.value(init, { env: place.env, ...label }), place, world)
}

function returnedBy({ env }: CodeContext): Slot {
  return env.home.type === 'ArrowFunctionExpression' ? env.returned : functionAround(env).returned
}

function isExpression({ type }: Node): boolean {
  return /Expression$|^(Identifier|Literal|TemplateLiteral|FunctionDeclaration|ClassDeclaration)$/.test(type)
}
