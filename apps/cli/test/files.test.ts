import { rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const pipeline = `import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { words } from './lib/words.ts'
const require = createRequire(import.meta.url)
const first = step('first', { outputs: { v: json() }, run: () => ({ v: words() }) })
const second = step('second', { inputs: { v: json() }, outputs: { w: json() }, run: ({ v }) =>
  ({ w: [v, readFileSync(join(import.meta.dirname, 'b.txt'), 'utf8'), require('./c.json')] }) })
const third = step('third', { outputs: { v: json() }, run: () => ({ v: 3 }) })
export const steps = { first, second, third }
export const p = pipeline('p', () => ({ ...second(first({})), three: third({}).v }))
export { first, second, third }
`
const files = {
  'p.pipeline.ts': pipeline,
  'lib/words.ts': `import { readFileSync } from 'node:fs'
export const words = () => readFileSync(new URL('./words.txt', import.meta.url), 'utf8').split('\\n')
`,
  'lib/words.txt': 'one\ntwo',
  'b.txt': 'b',
  'c.json': '{ "c": 1 }',
}
const howOf = ({ steps }: Awaited<ReturnType<CliProject['run']>>) =>
  Object.fromEntries(Object.entries(steps).map(([name, { how }]) => [name, how]))
const textOf = ({ steps }: Awaited<ReturnType<CliProject['run']>>) => steps['second']!.outputs!['w']!.text

it('recomputes exactly the steps whose files beside the code were edited', async () => {
  const project = new CliProject(files)
  const run = await project.run('p')
  expect(run.status).toBe('completed')
  expect(textOf(run)).toBe('[["one","two"],"b",{"c":1}]')
  expect(howOf(await project.run('p'))).toEqual({ first: 'reused', second: 'reused', third: 'reused' })
  project.write({ 'b.txt': 'B' })
  const edited = await project.run('p')
  expect(howOf(edited)).toEqual({ first: 'reused', second: 'computed', third: 'reused' })
  expect(textOf(edited)).toBe('[["one","two"],"B",{"c":1}]')
  project.write({ 'lib/words.txt': 'three' })
  expect((await project.cairn('why', 'p')).stdout).toContain('words.txt in lib/words.txt changed')
  const again = await project.run('p')
  expect(howOf(again)).toEqual({ first: 'computed', second: 'computed', third: 'reused' })
  expect(textOf(again)).toBe('[["three"],"B",{"c":1}]')
  project.write({ 'lib/words.txt': 'one\ntwo', 'b.txt': 'b' })
  expect(howOf(await project.run('p'))).toEqual({ first: 'reused', second: 'reused', third: 'reused' })
})

it('runs a saved plan with the files that it was made with, even after they have moved', async () => {
  const project = new CliProject(files)
  const { stdout } = await project.cairn('--json', 'plan', 'p', '--save')
  const { run } = JSON.parse(stdout) as { run: string }
  for (const file of ['lib/words.txt', 'b.txt', 'c.json']) rmSync(project.path(file))
  expect(textOf(await project.run('--plan', run))).toBe('[["one","two"],"b",{"c":1}]')
})

it('restores files that a cleaner of temporary folders removes while a process runs', async () => {
  const project = new CliProject({
    'lib/words.txt': 'one two',
    'p.pipeline.ts': `import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const [Text, Int] = [json<string>(), json<number>()]
const loaded = new URL('./lib/words.txt', import.meta.url)
export const count = step('count', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 3] }) })
export const read = step('read', {
  inputs: { n: Int },
  outputs: { text: Text },
  cache: 'never',
  run: ({ n }) => {
    const text = process.pid + ' ' + n + readFileSync(loaded, 'utf8') + readFileSync(new URL('./lib/words.txt', import.meta.url), 'utf8')
    rmSync(dirname(dirname(fileURLToPath(loaded))), { recursive: true })
    return { text: text + readFileSync(new URL('./lib/words.txt', import.meta.url), 'utf8').length }
  },
})
export const p = pipeline('p', () => {
  const { text } = each(count({}).ns, (n) => read({ n }))
  return { text }
})
`,
  })
  expect((await project.run('p')).status).toBe('completed')
  const { stdout } = await project.cairn('--json', 'cat', 'p/latest/each-ns/text')
  const { rows } = JSON.parse(stdout) as { rows: unknown[][] }
  const [pids, texts] = [new Set<string>(), [] as string[]]
  for (const row of rows) {
    const [, pid, text] = /^(\d+) (.*)$/.exec(row.at(-1) as string)!
    pids.add(pid!)
    texts.push(text!)
  }
  expect(texts).toEqual([1, 2, 3].map((n) => `${n}one twoone two7`))
  expect(pids.size).toBe(1)
})

it('refuses an import of a path that is made while the step runs, by file and line', async () => {
  const text = pipeline
    .replace('v: words()', "v: await import(['.', 'lib', 'words.ts'].join('/'))")
    .replace('run: () => ({ v: await', 'run: async () => ({ v: await')
  const { stdout } = await new CliProject({ ...files, 'p.pipeline.ts': text }).cairn('--json', 'run', 'p')
  expect(stdout).toContain("p.pipeline.ts:8 imports './lib/words.ts' with a path that is computed at run time")
})
