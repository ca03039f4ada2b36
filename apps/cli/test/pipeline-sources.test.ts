import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { CliProject, type RunSummary } from './project.fixture.ts'

const KINDS = `
import { list } from '@cairn/kernel'
import { bytes, json } from '@cairn/kinds'
export const Total = json<number>()
export const Large = bytes()
export const Doubles = list(json<number>())
`
const MAKER = `
import { each, list, pipeline, step, when } from '@cairn/kernel'
import { bytes, json } from '@cairn/kinds'
import { z } from 'zod'
import { Doubles, Large, Total } from './kinds.ts'
export const numbers = step('numbers', {
  params: z.object({ count: z.number().default(3), color: z.string().default('red') }),
  outputs: { all: list(json<number>()), total: Total, large: Large },
  run: (_, { count }) => {
    const all = Array.from({ length: count }, (_, n) => n)
    return { all, total: all.reduce((a, b) => a + b, 0), large: Buffer.alloc(200_000, count) }
  },
})
export const double = step('double', { inputs: { n: json<number>() }, outputs: { twice: json<number>() }, run: ({ n }) => ({ twice: 2 * n }) })
export const maker = pipeline('maker', () => {
  const { all, total, large } = numbers({})
  return { total, large, doubles: each(all, (n) => double({ n })).twice }
})
`
const READER = `
import { fromPipeline } from '@cairn/connectors'
import { pipeline, source, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
import { Doubles, Large, Total } from './kinds.ts'
export const load = source('load', {
  reads: {
    total: fromPipeline('maker', 'numbers/total', Total),
    large: fromPipeline('maker', 'large', Large),
    doubles: fromPipeline('maker', 'doubles', Doubles),
  },
  outputs: { sum: json<number>(), large: Large },
  run: async ({ total, large, doubles }) => {
    const all = await doubles.all()
    return { sum: total + all.reduce((a, b) => a + b, 0), large }
  },
})
export const size = step('size', { inputs: { large: Large, sum: json<number>() }, params: z.object({ scale: z.number().default(1) }), outputs: { text: json<string>() }, run: ({ large, sum }, { scale }) => ({ text: scale * sum + ' ' + large.length + ' ' + large[0] }) })
export const reader = pipeline('reader', () => { const { large, sum } = load({}); return { text: size({ large, sum }).text } })
`
const FILES = { 'kinds.ts': KINDS, 'maker.pipeline.ts': MAKER, 'reader.pipeline.ts': READER }

/** Runs the reader: what it computed, and each step by how. */
async function read(project: CliProject) {
  const { code, steps } = await project.run('reader')
  expect(code).toBe(0)
  return [JSON.parse(steps['size']!.outputs!['text']!.text!), steps['load']!.how, steps['size']!.how]
}

it("reads outputs of another pipeline's production run, and computes again when they change", async () => {
  const project = new CliProject(FILES)
  await project.run('maker')
  expect(await read(project)).toEqual(['9 200000 3', 'computed', 'computed'])
  expect(await read(project)).toEqual(['9 200000 3', 'reused', 'reused'])

  // Another run with equal outputs changes nothing, but is the one that is recorded.
  const equal = await project.run('maker', '--set', 'numbers.color=blue')
  expect(await read(project)).toEqual(['9 200000 3', 'reused', 'reused'])
  const shown = async () => (await project.cairn('show', 'reader/latest/load')).stdout
  expect(await shown()).toMatch(new RegExp(`source total +maker/${equal.run}/numbers/total\\n`))
  expect(await shown()).toMatch(new RegExp(`source doubles +maker/${equal.run}/each-all/twice\\n`))

  await project.run('maker', '--set', 'numbers.count=4')
  expect((await project.cairn('plan', 'reader')).stdout).toMatch(/load +run .*source total .* -> /)
  expect(await read(project)).toEqual(['18 200000 4', 'computed', 'computed'])

  // What is promoted counts from then on, not what is newer.
  await project.cairn('play', 'maker', '--set', 'numbers.count=5')
  const { run: promoted } = JSON.parse((await project.cairn('--json', 'promote', 'maker')).stdout) as { run: string }
  await project.run('maker', '--set', 'numbers.count=6')
  expect(await read(project)).toEqual(['30 200000 5', 'computed', 'computed'])
  expect(await shown()).toContain(`maker/${promoted}/numbers/total`)
})

it('keeps what a run has read, whatever becomes of the other pipeline', async () => {
  const project = new CliProject(FILES)
  await project.run('maker')
  expect(await read(project)).toEqual(['9 200000 3', 'computed', 'computed'])
  const store = project.path('.cairn')
  const env = readdirSync(store, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('/maker'))
  rmSync(join(store, env!), { recursive: true })
  rmSync(join(store, dirname(env!), 'reader', 'checkpoints'), { recursive: true })
  expect(await project.cairn('gc', '--keep', '1ms', '--grace', '1ms')).toMatchObject({ code: 0 })
  const { stdout, stderr } = await project.cairn('--json', 'play', 'reader', '--set', 'size.scale=2')
  const { steps } = JSON.parse(stdout) as RunSummary
  expect(steps['load']?.how, stderr).toBe('computed')
  expect(steps['size']!.outputs!['text']!.text).toBe('"18 200000 3"')
  // A new run reads what is in production now.
  expect((await project.cairn('run', 'reader')).stderr).toContain('maker has no production run')
})

it.each([
  ['no run', {}, 'maker has no production run in environment "', 'cairn run maker'],
  [
    'no such output',
    { 'reader.pipeline.ts': READER.replace("'numbers/total'", "'numbers/totl'") },
    'has no output "numbers/totl"',
    'did you mean "numbers/total"?',
  ],
  [
    'no such step',
    { 'reader.pipeline.ts': READER.replace("'large'", "'lrge'") },
    'has no output "lrge"',
    'did you mean',
  ],
  [
    'another kind',
    { 'reader.pipeline.ts': READER.replace("'large', Large", "'large', Total") },
    'maker/numbers/large is of kind bytes, and cannot be read as the declared json',
    'declare the kind that maker declares',
  ],
])('names the cause: %s', async (what, files, message, next) => {
  const project = new CliProject({ ...FILES, ...files })
  if (what !== 'no run') await project.run('maker')
  const { code, stderr, stdout } = await project.cairn('run', 'reader', '--progress', 'none')
  expect(code).toBe(1)
  expect(stderr + stdout).toContain(message)
  expect(stderr + stdout).toContain(next)
})
