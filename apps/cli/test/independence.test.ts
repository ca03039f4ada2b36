import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesThatMap, type Mapped } from './mapped-pipelines.fixture.ts'
import { CliProject, REPOSITORY, type Files } from './project.fixture.ts'

interface How {
  readonly flags?: readonly string[]
  /** Files beside it: those that its steps wait for. */
  readonly beside?: Files
  /** What stands for an expression in its text. */
  readonly fill?: Readonly<Record<string, string>>
  /** Nodes whose items are made to depend on each other: they have to be found. */
  readonly dependent?: readonly string[]
}

/** What the pipelines of a file need beyond their text. */
const HOW: Readonly<Record<string, How>> = {
  'apps/cli/test/folder-sources.test.ts': { beside: { 'data/2026-01.csv': 'n\n1\n', 'data/2026-02.csv': 'n\n2\n' } },
  'docs/guides/pipelines.md sales': {
    beside: { 'data/2026-01.csv': 'product,price\na,1.5\nb,2\n', 'data/2026-02.csv': 'product,price\na,3\n' },
  },
  'apps/cli/test/failures.test.ts': { fill: { tolerate: ', tolerate: { items: 2 }' } },
  'apps/cli/test/items.test.ts items': { flags: ['--set', 'ns=[1,2,3]'], dependent: ['each-ns'] },
  'apps/cli/test/items.test.ts hidden': { dependent: ['each-ns'] },
  'apps/cli/test/logs.test.ts tell': { flags: ['--set', 'all=[1,2,3]'] },
  'apps/cli/test/parity.test.ts count': { dependent: ['each-ns'] },
  'apps/cli/test/tracing.servers.test.ts traced': { beside: { begun: '' } },
  'apps/stage/test/faults/project': { flags: ['--set', 'seed=7'] },
  'apps/control/test/parity': {
    flags: ['--set', 'tries=tries', ...['plain', 'outer', 'large'].flatMap((id) => ['--until', `maps.each-${id}`])],
  },
  'libs/tracking/src/cluster.fixture.ts demo': { beside: { 'go-on': '' } },
  'tools/bench/cases/fan-out.ts': { fill: { ITEMS: '50' } },
  'libs/explore/src/explored.fixture.ts': { beside: { 'flights.json': '[1, 2, 3]' } },
  'tools/bench/services/project.ts': { flags: ['--set', 'seed=3', '--set', 'count=5'], fill: { HOPS: '2' } },
}

/** Files of which not all pipelines are run here, with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'apps/cli/test/caught.fixture.ts': 'a step beside its items fails',
  'apps/cli/test/files.test.ts': 'each item gives the id of its process',
  'apps/cli/test/hints.test.ts': 'parts of pipelines that are refused',
  'apps/cli/test/options.test.ts': 'refused',
  'apps/cli/test/output.test.ts': 'an item fails, and with it the whole',
  'apps/cli/test/printing.test.ts': 'of two items one fails',
  'apps/cli/test/promote.test.ts': 'a pipeline edited by a test, whose item is given as it is',
  'apps/cli/test/traces.test.ts': 'its steps fail',
  'apps/cli/test/waiting.test.ts': 'its steps never end',
  'docs/coming-from/airflow.md': 'shows a file whose pipeline the test of the page runs',
  'docs/coming-from/dagster.md': 'shows a file whose pipeline the test of the page runs',
  'docs/coming-from/dvc.md': 'shows a file whose pipeline the test of the page runs',
  'docs/coming-from/kedro.md': 'shows a file whose pipeline the test of the page runs',
  'docs/coming-from/metaflow.md': 'shows a file whose pipeline the test of the page runs',
  'libs/consumer/src/async-api.test.ts': 'built, never run',
  'libs/consumer/src/compatibility.test.ts': 'built, never run',
  'libs/consumer/src/consumer.test.ts': 'run by the engine alone; what each item gives is received there',
  'libs/engine/simulation/pipelines.ts': 'built at random; each value is compared there with an oracle, in any order',
  'libs/engine/src/engine.test.ts': 'run by the engine alone; what each item gives is compared there',
  'libs/engine/src/item-inputs.test.ts': 'planned, never run',
  'libs/engine/src/join-memory.fixture.ts': 'joined by the engine alone, whose memory is looked at',
  'libs/engine/src/join.test.ts': 'run by the engine alone; what each item gives is compared there',
  'libs/engine/src/run-cache.test.ts': 'run by the engine alone; what each item gives is compared there',
  'libs/explore/src/swap.test.ts': 'built, never run',
  'libs/fingerprint/src/lint/lint.test.ts': 'read, never run',
  'libs/kernel/src/define/handle.ts': 'a hint',
  'libs/kernel/src/define/inference.test-d.ts': 'types, never run',
  'libs/kernel/src/define/pipeline.test.ts': 'built, never run',
  'libs/kernel/src/define/probe.test.ts': 'built, never run',
  'libs/kinds/src/inference.test-d.ts': 'types, never run',
  'libs/planner/src/plan.test.ts': 'planned, never run',
  'libs/stage/src/hostile.test.ts': 'its events lie; what each task gives is compared there',
  'tools/docs/records.test.ts':
    'one step fails, for the record of that; what runs leave is compared with schemas there',
  'tools/fuzz/names.ts': 'put together at random, most of them to be refused',
}

/** Projects of this repository whose pipelines stand in files of their own. */
const FOLDERS = ['apps/control/test/parity', 'apps/stage/test/faults/project']

/** Items that change what they are given, in many styles of code. Found by the scan, as all others are. */
export const STYLES: Files = {
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
}

const scanned = filesThatMap((file) => HOW[file]?.fill ?? {})

/** A project of its own with the files of a folder of this repository. */
function copyOf(folder: string): Files {
  const root = join(REPOSITORY, folder)
  return Object.fromEntries(
    globSync('*.*', { cwd: root }).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  )
}

/** The pipelines that call `each`: where they stand, by name, with all files that they need. */
const pipelines = [
  ...scanned
    .filter(({ file }) => !(file in LEFT_OUT))
    .flatMap(({ file, projects }) => projects.map((files) => ({ from: file, files }))),
  ...FOLDERS.map((folder) => ({ from: folder, files: copyOf(folder) })),
].flatMap(({ from, files }) => {
  const [, text] = Object.entries(files).find(([file]) => file.endsWith('.pipeline.ts'))!
  const exported = text.split(/^export const /m).flatMap((code) => {
    const [, name] = /^\w+ = pipeline\('([\w-]+)'/.exec(code) ?? []
    return name === undefined ? [] : [{ name, code }]
  })
  const mapping = exported.length === 1 ? exported : exported.filter(({ code }) => /each\(/.test(code))
  return mapping.map(({ name }) => ({ from, name, files, how: HOW[`${from} ${name}`] ?? HOW[from] ?? {} }))
})

it('every file that calls each is checked here, or is left out for a reason', () => {
  const isWhole = ({ file, hasOthers }: Mapped) => !hasOthers || FOLDERS.some((folder) => file.startsWith(folder))
  const leftOut = scanned.filter((mapped) => mapped.file in LEFT_OUT || !isWhole(mapped))
  expect(leftOut.map(({ file }) => file)).toEqual(Object.keys(LEFT_OUT))
})

// Many processes run it first: what a body takes is not known then. Afterwards it is, and short ones run in one process.
describe.concurrent('items give the same bytes in many processes and in one, reversed and alone', () => {
  it.each(pipelines)('$name in $from', async ({ name, files, how: { flags = [], beside = {}, dependent = [] } }) => {
    const project = new CliProject({ ...files, ...beside })
    const { run, status, steps: ran } = await project.run(name, ...flags, '--jobs', '4')
    const mapped = Object.keys(ran).filter((step) => ran[step]!.items)
    expect([status, mapped.length > 0]).toEqual(['completed', true])
    const only = mapped.flatMap((step) => ['--step', step])
    const { stdout } = await project.cairn('--json', 'parity', name, '--against', run, ...only)
    const { steps } = JSON.parse(stdout) as { steps: Compared[] }
    expect(steps.filter(({ same }) => !same)).toMatchObject(dependent.map((node) => ({ node })))
    for (const { node, same, comparedItems } of steps) if (same) expect(comparedItems, node).toBeGreaterThan(1)
  })
})

interface Compared {
  readonly node: string
  readonly same: boolean
  readonly comparedItems: number
}
