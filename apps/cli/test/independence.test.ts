import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CliProject, REPOSITORY } from './project.fixture.ts'

/** A project of its own with the files of a folder of this repository. */
function copyOf(folder: string): CliProject {
  const project = new CliProject()
  cpSync(join(REPOSITORY, folder), project.root, { recursive: true, filter: (path) => !path.includes('node_modules') })
  return project
}

const everything = copyOf('apps/control/test/parity')
const faults = copyOf('apps/stage/test/faults/project')
const styles = new CliProject({
  'styles.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, table } from '@cairn/kinds'
import { z } from 'zod'
const Any = json<any>()
const Rows = table({ n: 'int32', word: 'string' })
class Sum { #all: number[] = []; add(n: number) { this.#all.push(n); return this } get total() { return this.#all.reduce((a, b) => a + b, 0) } }
function* upTo(n: number) { for (let i = 0; i < n; i++) yield i }
const WORD = /[a-z]+/g
const TABLE = { rates: [3, 1, 2] }
export const load = step('load', { outputs: { ns: list(Any), shared: Any }, run: () => ({ ns: [5, 1, 4, 2, 3].map((n) => ({ n, list: [n] })), shared: { seen: [] } }) })
export const changesAll = step('changes-all', {
  inputs: { i: Any, shared: Any }, params: z.object({ p: z.array(z.number()) }), outputs: { o: Any },
  run: ({ i, shared }, { p }) => { i.list.push(0); p.push(i.n); shared.seen.push(i.n); delete i.n; return { o: { i, p, shared } } },
})
export const builds = step('builds', {
  inputs: { i: Any }, outputs: { o: Any },
  run: ({ i }) => {
    const sum = new Sum()
    for (const n of upTo(i.n)) sum.add(n)
    return { o: [sum.total, 'ab cd'.match(WORD)!.slice(0, i.n), [...TABLE.rates].sort().at(i.n % 3)] }
  },
})
export const draws = step('draws', { inputs: { i: Any }, outputs: { o: Any, rows: Rows }, run: ({ i }, _, { random }) => ({ o: [random(), random()], rows: [{ n: i.n, word: 'w'.repeat(i.n) }] }) })
export const styles = pipeline('styles', () => {
  const { ns, shared } = load({})
  const { a, b, c, rows } = each(ns, (i) => {
    const { o: c, rows } = draws({ i })
    return { a: changesAll({ i, shared }, { p: [9] }).o, b: builds({ i }).o, c, rows }
  }, { batch: 2 })
  return { a, b, c, rows }
})
`,
})

it.each([
  [styles, 'styles', []],
  [faults, 'faults', ['--set', 'seed=7']],
  [
    everything,
    'everything',
    ['--set', 'tries=tries', '--until', 'maps.each-plain', '--until', 'maps.each-outer', '--until', 'maps.each-large'],
  ],
] as const)(
  'items give the same bytes alone, reversed, in one process and in many: %#',
  async (project, name, flags) => {
    const digests = async (...more: string[]) => {
      const { status, steps, run } = await project.run(name, ...flags, ...more)
      const outputs = Object.entries(steps).map(([step, { outputs = {} }]) => [
        step,
        Object.entries(outputs).map(([output, { digest }]) => [output, digest]),
      ])
      return { run, status, outputs }
    }
    const one = await digests('--jobs', '1')
    const many = await digests('--jobs', '4', '--store', 'many')
    expect([one.status, many.status]).toEqual(['completed', 'completed'])
    expect(many.outputs).toEqual(one.outputs)
    const { code, stdout } = await project.cairn('--json', 'parity', name, '--against', one.run)
    const { steps } = JSON.parse(stdout) as { steps: { node: string; same: boolean }[] }
    expect(steps.filter(({ same }) => !same)).toEqual([])
    expect(code).toBe(0)
  },
)
