import fc from 'fast-check'
import type { Program } from './program.fixture.ts'

/** Generates a program and a copy of it that is equal or differs in one place. */
export function neighbours(program: Program): fc.Arbitrary<[Program, Program]> {
  const copies = placesOf(program).map(([holder, key], at) => {
    const copy = structuredClone(program)
    const [target] = placesOf(copy)[at]!
    return changed(holder[key]).map((value): [Program, Program] => {
      const edited = structuredClone(copy)
      placesOf(edited)[at]![0][key] = value
      return [program, target ? edited : copy]
    })
  })
  const swaps = program.declarations.slice(1).map((_, at) => {
    const declarations = [...program.declarations]
    ;[declarations[at], declarations[at + 1]] = [declarations[at + 1]!, declarations[at]!]
    return fc.constant<[Program, Program]>([program, { ...program, declarations }])
  })
  return fc.oneof(fc.constant<[Program, Program]>([program, program]), ...copies, ...swaps)
}

type Place = [holder: Record<string, any>, key: string]

/** All values in a program: numbers, texts, operators and references. */
function placesOf(node: any): Place[] {
  return Object.entries(node).flatMap(([key, value]): Place[] => {
    if (typeof value === 'object' && value !== null) return placesOf(value)
    return key === 'type' ? [] : [[node, key]]
  })
}

function changed(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value === 'number') return fc.constantFrom(value + 1, value + 2)
  if (typeof value === 'boolean') return fc.constant(!value)
  const texts = ['+', '-', '*', '<', '&&'].includes(value as string)
    ? ['+', '-', '*', '<', '&&']
    : value === 'x' || value === 'y'
      ? ['x', 'y']
      : ['b', 'é', '']
  return fc.constantFrom(...texts.filter((text) => text !== value))
}
