import fc from 'fast-check'
import type { Files } from './project.fixture.ts'

/**
 * A small program, independent of how it is written: declarations that use earlier ones, and the results that its step
 * computes.
 */
export interface Program {
  readonly declarations: readonly Declaration[]
  readonly result: readonly Expression[]
}

type Declaration =
  | { readonly type: 'value'; readonly value: Expression }
  | { readonly type: 'function'; readonly arrow: boolean; readonly local: Expression; readonly result: Expression }
  | { readonly type: 'object'; readonly key: string; readonly value: Expression }
  | { readonly type: 'pair'; readonly first: Expression; readonly second: Expression }
  | { readonly type: 'class'; readonly field: Expression; readonly result: Expression }
  | { readonly type: 'table'; readonly entry: Expression }
  | { readonly type: 'counter'; readonly by: number }
  | { readonly type: 'draw' }

type Expression =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'parameter' }
  | { readonly type: 'local' }
  | { readonly type: 'use'; readonly of: number; readonly second: boolean; readonly given: Expression }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'choice'; readonly test: Expression; readonly then: Expression; readonly otherwise: Expression }

const number = fc.record({ type: fc.constant('number' as const), value: fc.integer({ min: 0, max: 3 }) })

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    fc.record({ type: fc.constant('text' as const), value: fc.constantFrom('', 'a', `it's`, 'é\n') }),
    fc.record({ type: fc.constantFrom('parameter' as const, 'local' as const) }),
    fc.record({ type: fc.constant('use' as const), of: fc.nat(7), second: fc.boolean(), given: tie('expression') }),
    fc.record({ type: fc.constant('use' as const), of: fc.nat(7), second: fc.boolean(), given: tie('expression') }),
    fc.record({
      type: fc.constant('binary' as const),
      operator: fc.constantFrom('+', '-', '*', '<', '&&'),
      left: tie('expression'),
      right: tie('expression'),
    }),
    fc.record({
      type: fc.constant('choice' as const),
      test: tie('expression'),
      then: tie('expression'),
      otherwise: tie('expression'),
    }),
  ),
}))

const declaration: fc.Arbitrary<Declaration> = fc.oneof(
  fc.record({ type: fc.constant('value' as const), value: expression }),
  fc.record({ type: fc.constant('function' as const), arrow: fc.boolean(), local: expression, result: expression }),
  fc.record({ type: fc.constant('object' as const), key: fc.constantFrom('x', 'y'), value: expression }),
  fc.record({ type: fc.constant('pair' as const), first: expression, second: expression }),
  fc.record({ type: fc.constant('class' as const), field: expression, result: expression }),
  fc.record({ type: fc.constant('table' as const), entry: number }),
)
const stateful: fc.Arbitrary<Declaration> = fc.oneof(
  { arbitrary: declaration, weight: 2 },
  { arbitrary: fc.record({ type: fc.constant('counter' as const), by: fc.integer({ min: 1, max: 3 }) }), weight: 2 },
  { arbitrary: fc.constant({ type: 'draw' as const }), weight: 3 },
  { arbitrary: fc.record({ type: fc.constant('table' as const), entry: expression }), weight: 1 },
)

export const pureProgram = programOf(declaration)
/** Programs with counters that declarations increment while they load. */
export const statefulProgram = programOf(stateful)

function programOf(of: fc.Arbitrary<Declaration>): fc.Arbitrary<Program> {
  return fc.record({
    declarations: fc.array(of, { minLength: 1, maxLength: 8 }),
    result: fc.array(expression, { minLength: 1, maxLength: 3 }),
  })
}

/** How a program is written. None of this changes its meaning. */
export interface Style {
  /** Seeds for names. There are so few names that they collide between files and shadow each other. */
  readonly names: readonly number[]
  /** The declarations before which a new file begins. */
  readonly breaks: readonly number[]
  /** Priorities of declarations. Each declaration still follows those that it uses. */
  readonly order: readonly number[]
  readonly renamesImports: boolean
  readonly splitsImports: boolean
  readonly throughIndex: boolean
  readonly exportsLast: boolean
  readonly comments: boolean
  readonly types: boolean
  readonly semicolons: boolean
}
const numbers = fc.array(fc.nat(100), { minLength: 8, maxLength: 8 })
export const style: fc.Arbitrary<Style> = fc.record({
  names: numbers,
  breaks: fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 3 }),
  order: numbers,
  renamesImports: fc.boolean(),
  splitsImports: fc.boolean(),
  throughIndex: fc.boolean(),
  exportsLast: fc.boolean(),
  comments: fc.boolean(),
  types: fc.boolean(),
  semicolons: fc.boolean(),
})

const NAMES = ['a', 'b', 'n', 'value', 'run', 'x', 'inputs', 'main$', 'other', 'isNaN', 'f', 'get']

export function write(program: Program, style: Style): Files {
  return new Writer(program, style).files()
}

class Writer {
  readonly #program: Program
  readonly #style: Style
  readonly #files: number[][]
  /** The name of each declaration in its own file. */
  readonly #own: string[] = []

  constructor(program: Program, style: Style) {
    this.#program = program
    this.#style = style
    const isStateful = program.declarations.some(
      (each) => each.type === 'draw' || (each.type === 'table' && each.entry.type !== 'number'),
    )
    this.#files = [[]]
    for (const index of program.declarations.keys()) {
      if (!isStateful && style.breaks.includes(index)) this.#files.push([])
      this.#files.at(-1)!.push(index)
    }
    for (const file of this.#files) {
      const taken = new Set<string>()
      for (const index of file) this.#own[index] = fresh(style.names[index]!, taken)
    }
    if (!isStateful) this.#files = this.#files.map((file) => this.#reorder(file))
  }

  files(): Files {
    const { throughIndex } = this.#style
    const last = this.#files.length - 1
    const files: Record<string, string> = {}
    for (const [number, indices] of this.#files.entries())
      files[number === last ? 'steps.ts' : `file${number}.ts`] = this.#file(number, indices, number === last)
    if (throughIndex)
      files['index.ts'] = this.#program.declarations
        .map((_, index) =>
          this.#fileOf(index) === last
            ? ''
            : `export { ${this.#exportedAs(index)} } from './file${this.#fileOf(index)}.ts'\n`,
        )
        .join('')
    return files
  }

  #file(number: number, indices: readonly number[], hasStep: boolean): string {
    const { result } = this.#program
    const used = new Set<number>()
    const names = new Map<number, string>(indices.map((index) => [index, this.#own[index]!]))
    const taken = new Set(names.values())
    const all = [
      ...indices.map((index) => this.#uses(index)),
      hasStep ? result.flatMap((each) => this.#usesOf(each, this.#program.declarations.length)) : [],
    ].flat()
    for (const index of all) if (this.#fileOf(index) !== number) used.add(index)
    for (const index of used)
      names.set(
        index,
        this.#style.renamesImports
          ? fresh(this.#style.names[index]! + 5, taken)
          : claim(this.#exportedAs(index), taken),
      )
    const { comments } = this.#style
    const lines = [...this.#imports(used, names), ...indices.map((index) => this.#declaration(index, names))]
    if (this.#style.exportsLast && indices.length > 0)
      lines.push(`export { ${indices.map((index) => `${this.#own[index]} as ${this.#exportedAs(index)}`).join(', ')} }`)
    if (hasStep) {
      lines.unshift(`import { step as declareStep } from '@cairn/kernel'`)
      const values = result.map((each) => this.#expression(each, this.#program.declarations.length, names, {}))
      lines.push(`export const main = declareStep('main', {\n  outputs: {},\n  run: () => [${values.join(', ')}],\n})`)
    }
    const end = this.#style.semicolons ? ';\n' : '\n'
    return lines.map((line, at) => (comments ? `// line ${at}\n${line}${end}\n/* and\n more */` : line + end)).join('')
  }

  #imports(used: ReadonlySet<number>, names: ReadonlyMap<number, string>): string[] {
    const { splitsImports, throughIndex } = this.#style
    const from = (index: number) => (throughIndex ? './index.ts' : `./file${this.#fileOf(index)}.ts`)
    const item = (index: number) => `${this.#exportedAs(index)} as ${names.get(index)}`
    if (splitsImports) return [...used].map((index) => `import { ${item(index)} } from '${from(index)}'`)
    return [...Map.groupBy(used, from)].map(
      ([file, indices]) => `import { ${indices.map(item).join(', ')} } from '${file}'`,
    )
  }

  #declaration(index: number, names: ReadonlyMap<number, string>): string {
    const declaration = this.#program.declarations[index]!
    const name = this.#own[index]!
    const { types, exportsLast, names: seeds } = this.#style
    const any = types ? ': any' : ''
    const prefix = exportsLast ? '' : `export `
    const alias = exportsLast ? '' : `\nexport { ${name} as ${this.#exportedAs(index)} }`
    const write = (each: Expression, inner: Inner = {}) => this.#expression(each, index, names, inner)
    // A name inside may shadow any outside name that is not used inside.
    const hidden = new Set(this.#uses(index).map((used) => names.get(used)!)).add(name)
    const [parameter, local] = [fresh(seeds[index]! + 1, hidden), fresh(seeds[index]! + 2, hidden)]
    const text = () => {
      switch (declaration.type) {
        case 'value':
          return `const ${name}${any} = ${write(declaration.value)}`
        case 'object':
          return `const ${name} = { ${types ? declaration.key : `'${declaration.key}'`}: ${write(declaration.value)} }${types ? ' as const' : ''}`
        case 'pair':
          return `const { p: [${name}] }${any} = { p: [[${write(declaration.first)}, ${write(declaration.second)}]] }`
        case 'function': {
          const body = `{ const ${local}${any} = ${write(declaration.local, { parameter })}; return ${write(declaration.result, { parameter, local })} }`
          return declaration.arrow
            ? `const ${name} = (${parameter}${any}) => ${body}`
            : `function ${name}(${parameter}${any})${any} ${body}`
        }
        case 'class':
          return `class ${name} { ${types ? 'private readonly ' : ''}f${any}; constructor(${parameter}${any}) { this.f = ${write(declaration.field, { parameter })} } get()${any} { return ${write(declaration.result, { local: 'this.f' })} } }`
        case 'table':
          return `const ${name} = new Map${types ? '<string, any>' : ''}()\n${name}.set('k', ${write(declaration.entry)})`
        case 'counter':
          return `const ${name} = (() => { let ${local}${any} = 0; return () => (${local} += ${declaration.by}) })()`
        case 'draw': {
          const counter = this.#counterBefore(index)
          return `const ${name} = ${counter === undefined ? 0 : `${names.get(counter)}()`}`
        }
      }
    }
    return (
      text().replace(/^/, prefix && this.#exportedAs(index) === name ? prefix : '') +
      (prefix && this.#exportedAs(index) !== name ? alias : '')
    )
  }

  #expression(each: Expression, before: number, names: ReadonlyMap<number, string>, inner: Inner): string {
    const write = (expression: Expression) => this.#expression(expression, before, names, inner)
    switch (each.type) {
      case 'number':
        return `${each.value}`
      case 'text':
        return JSON.stringify(each.value)
      case 'parameter':
        return inner.parameter ?? '5'
      case 'local':
        return inner.local ?? '6'
      case 'binary':
        return `(${write(each.left)} ${each.operator} ${write(each.right)})`
      case 'choice':
        return `(${write(each.test)} ? ${write(each.then)} : ${write(each.otherwise)})`
      case 'use': {
        if (before === 0) return '7'
        const of = each.of % before
        const name = names.get(of)!
        const used = this.#program.declarations[of]!
        switch (used.type) {
          case 'function':
            return `${name}(${write(each.given)})`
          case 'class':
            return `new ${name}(${write(each.given)}).get()`
          case 'object':
            return `${name}.${used.key}`
          case 'pair':
            return `${name}[${each.second ? 1 : 0}]`
          case 'table':
            return `${name}.get('k')`
          case 'counter':
            return '8' // only a `draw` calls it, once, while its module loads
          default:
            return name
        }
      }
    }
  }

  #uses(index: number): number[] {
    const declaration = this.#program.declarations[index]!
    if (declaration.type === 'draw') return [this.#counterBefore(index) ?? []].flat()
    return Object.values(declaration).flatMap((value) =>
      typeof value === 'object' ? this.#usesOf(value as Expression, index) : [],
    )
  }

  #usesOf(each: Expression, before: number): number[] {
    if (each.type === 'binary') return [each.left, each.right].flatMap((inner) => this.#usesOf(inner, before))
    if (each.type === 'choice')
      return [each.test, each.then, each.otherwise].flatMap((inner) => this.#usesOf(inner, before))
    if (each.type !== 'use' || before === 0) return []
    const of = each.of % before
    const { type } = this.#program.declarations[of]!
    if (type === 'counter') return []
    return [of, ...(type === 'function' || type === 'class' ? this.#usesOf(each.given, before) : [])]
  }

  #counterBefore(index: number): number | undefined {
    const counters = [...this.#program.declarations.keys()].filter(
      (at) => at < index && this.#program.declarations[at]!.type === 'counter',
    )
    return counters.at(-1)
  }

  #fileOf(index: number): number {
    return this.#files.findIndex((file) => file.includes(index))
  }

  #exportedAs(index: number): string {
    return `${this.#own[index]}_${index}`
  }

  #reorder(file: readonly number[]): number[] {
    const order: number[] = []
    const rest = new Set(file)
    while (rest.size > 0) {
      const ready = [...rest].filter((index) => !this.#uses(index).some((used) => rest.has(used)))
      const next = ready.sort((a, b) => this.#style.order[a]! - this.#style.order[b]!)[0]!
      order.push(next)
      rest.delete(next)
    }
    return order
  }
}

interface Inner {
  readonly parameter?: string
  readonly local?: string
}

function fresh(seed: number, taken: Set<string>): string {
  for (let at = seed; ; at++) {
    const name = at - seed < NAMES.length ? NAMES[at % NAMES.length]! : `name${at}`
    if (!taken.has(name)) return claim(name, taken)
  }
}

function claim(name: string, taken: Set<string>): string {
  taken.add(name)
  return name
}
