import fc from 'fast-check'
import type { Files } from './project.fixture.ts'

/**
 * Top-level code with shared mutable state: objects that refer to each other, aliases, functions that change their
 * arguments or captured variables, and statements of all kinds. The step reads only a few of the variables.
 */
export interface EffectProgram {
  readonly lines: readonly Line[]
  /** How many of the first lines are in a separate module. */
  readonly apart: number
  readonly shown: readonly number[]
}

export interface Line {
  readonly template: number
  readonly a: number
  readonly b: number
  readonly k: number
}

/** In the templates, `#` is a new variable, `A` and `B` are earlier variables, and `K` is a number. */
const TEMPLATES = [
  'const # = { n: K, inner: { n: K }, list: [K] }',
  'const # = { n: K, inner: A }',
  'const # = { n: K, get() { return A }, add(x) { this.n += K; A.n = this.n; return this } }',
  'const # = A',
  'const # = [A, B]',
  'const # = new Map([["k", A], ["n", K]])',
  'let # = K',
  'const # = K',
  'const # = () => { A.n = K }',
  'const # = (x) => { x.n = K; return x }',
  'function #(x = A) { return x }',
  'function #(x) { B.inner = x }',
  'const # = () => { A.n = (A.n ?? 0) + 1; return A.n }',
  'const # = (() => { let n = K; return () => (n += 1) })()',
  'class # { static all = [K]; static n = K; static add(x) { this.all.push(x); # .n++ } constructor() { this.n = K; A.n = K } }',
  'const # = typeof A === "function" && !("add" in A) ? A(B) : A.n',
  'const # = JSON.stringify(show(A))',
  'const # = A.n',
  'const # = { ...A, n: K }',
  'const # = Object.values(A)',
  'const { n: # } = A',
  'const # = A.list?.push(K)',
  'const # = A.get?.("k") ?? B',
  'class # { static all = [K]; get n() { A.n += K; return K } }',
  'const # = typeof A === "function" && "all" in A ? new A() : A',
  'const # = typeof A === "function" && "all" in A ? A.prototype : A',
  'const # = { get n() { A.inner = { n: K }; return K } }',
  'const # = { valueOf() { A.n = K; return K } }',
  'const # = [1, 2].values().map((x) => (A.n = x * K))',
  'const # = /=>|function|class/.test(`${A}`) ? K : `${A}`.length', // Vitest changes the text of functions
  'A.rate = K',
  'if (Object.hasOwn(A.constructor ?? {}, "all")) Object.getPrototypeOf(A).rate = K',
  'if (Object.hasOwn(A.constructor ?? {}, "all")) A.constructor.prototype.rate = K',
  '[...(A.list ?? [])].forEach((x) => { if (x) x.n = K })',
  'if (A > K) B.n = K',
  'A.n = K',
  'A.n += B.n ?? K',
  'A.inner = B',
  'A.inner.n = K',
  'A.list?.push(B)',
  'A.set?.("k", B)',
  'if (A.get) A.get("k").n = K',
  'if (A.add) A.add(K)',
  'if (typeof A === "function" && !("add" in A)) A(B)',
  'Object.assign(A, { n: K, inner: B })',
  'Object.values(A).forEach((x) => { if (x) x.n = K })',
  'for (const x of [A, B]) x.n = K',
  '[1, 2].map((x) => { A.n = x * K })',
  'if (A.n) { B.n = K } else { delete B.n }',
  'Reflect.set(A, "n", K)',
  'Array.prototype.push.call(A, K)',
  '(() => { A.n = B.n })()',
  ';({ n: A.n } = { n: K })',
  'B[0] && (B[0].n = K)',
  'try { A.inner.inner.n = K } catch {}',
  'queue.push(A)',
  'for (const x of queue) x.n = K',
]

const line = fc.record({
  template: fc.nat(TEMPLATES.length - 1),
  a: fc.nat(20),
  b: fc.nat(20),
  k: fc.integer({ min: 1, max: 9 }),
})

export const effectProgram: fc.Arbitrary<EffectProgram> = fc.record({
  lines: fc.array(line, { minLength: 2, maxLength: 12 }),
  apart: fc.nat(6),
  shown: fc.array(fc.nat(20), { minLength: 1, maxLength: 2 }),
})

/** Generates a copy of the program with one line changed, replaced, or swapped with the next. */
export function edited({ lines, ...rest }: EffectProgram): fc.Arbitrary<EffectProgram> {
  const at = fc.nat(Math.max(lines.length - 2, 0))
  return fc.oneof(
    at.map((index) => ({ ...rest, lines: lines.toSpliced(index, 2, ...lines.slice(index, index + 2).reverse()) })),
    at.map((index) => ({ ...rest, lines: lines.with(index, { ...lines[index]!, k: lines[index]!.k + 10 }) })),
    at.map((index) => ({ ...rest, lines: lines.with(index, { ...lines[index]!, template: 7 }) })),
  )
}

/**
 * Writes the program as files. Variables are named after the index of their line. Pass the indices from before an edit
 * as `order`, so that swapping two lines renames no variable.
 */
export function writeEffects({ lines, apart, shown }: EffectProgram, order = [...lines.keys()]): Files {
  const declared = new Map<Line, string>()
  for (const [index, each] of lines.entries())
    if (TEMPLATES[each.template]!.includes('#')) declared.set(each, `v${order[index]}`)
  const before = [
    'globalThis.cairnState = { n: 0 }',
    `export const base = { n: 0, inner: { n: 0 }, list: [] }`,
    'export const queue = []',
    SHOW,
  ]
  const names = ['base']
  const written = lines.map((each) => {
    const [a, b] = [names[each.a % names.length]!, names[each.b % names.length]!]
    const name = declared.get(each)
    const text = TEMPLATES[each.template]!.replaceAll('# ', `${name} `)
      .replaceAll('#', name ?? '')
      .replaceAll(/\bA\b/g, a)
      .replaceAll(/\bB\b/g, b)
      .replaceAll(/\bK\b/g, `${each.k}`)
    if (name !== undefined) names.push(name)
    return name === undefined ? text : `export ${text}`
  })
  const state = [...before, ...written.slice(0, apart)]
  const known = ['base', 'queue', 'show', ...lines.slice(0, apart).flatMap((each) => declared.get(each) ?? [])]
  const result = shown.map((index) => `show(${names[index % names.length]})`).join(', ')
  return {
    'state.js': state.join(';\n'),
    'steps.ts': `import { step } from '@cairn/kernel'
import { ${known.join(', ')} } from './state.js'
${written.slice(apart).join(';\n')}
export const main = step('main', { outputs: {}, run: () => [${result}] })`,
  }
}

/** The indices that name the variables after an edit: those of the lines before it, if all lines are still the same. */
export function namesAfter(before: EffectProgram, { lines }: EffectProgram): number[] {
  const moved = lines.map((each) => before.lines.indexOf(each))
  return moved.includes(-1) ? [...lines.keys()] : moved
}

const SHOW = `export function show(x, depth = 0) {
  if (depth > 4) return '…'
  if (typeof x === 'function') return { f: true, n: x.n, rate: x.prototype?.rate, all: show(x.all, depth + 1) }
  if (x instanceof Map) return [...x].map(([k, v]) => [k, show(v, depth + 1)])
  if (Array.isArray(x)) return x.map((y) => show(y, depth + 1))
  if (typeof x !== 'object' || x === null) return x
  return [x.rate, ...Object.entries(x).map(([k, v]) => [k, show(v, depth + 1)])]
}`
