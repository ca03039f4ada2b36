import { beforeAll, expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const PIPELINE = `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, partitions, table } from '@cairn/kinds'
const Int = json<number>()
const Rows = table({ label: 'string', n: 'int32' })
const one = (name: string) => step(name, {
  inputs: { part: Rows },
  outputs: { n: Int },
  run: async ({ part }) => {
    const [{ label, n }] = await Array.fromAsync(part.rows())
    console.log('label ' + label)
    return { n }
  },
})
export const hours = step('hours', {
  outputs: { parts: partitions(Rows, 'label') },
  run: () => ({ parts: ['0', '1', '2', '3', '4', '5', '6', '8', '9'].map((label) => ({ label, n: 100 * Number(label) })) }),
})
export const texts = step('texts', {
  outputs: { parts: partitions(Rows, 'label') },
  run: () => ({ parts: ['##1', '#1', 'a', 'a/n'].map((label, n) => ({ label, n })) }),
})
export const split = step('split', { inputs: { part: Rows }, outputs: { all: list(Int) }, run: () => ({ all: [7, 8] }) })
export const inner = step('inner', { inputs: { i: Int }, outputs: { n: Int }, run: ({ i }) => ({ n: i }) })
export const byHour = one('by-hour')
export const byText = one('by-text')
export const labels = pipeline('labels', () => ({
  hours: each(hours({}).parts, (part) => ({
    n: byHour({ part }).n,
    ns: each(split({ part }).all, (i) => ({ n: inner({ i }).n })).n,
  })).n,
  texts: each(texts({}).parts, (part) => ({ n: byText({ part }).n })).n,
}))
`

const project = new CliProject({ 'labels.pipeline.ts': PIPELINE })
const said = async (...args: string[]) => {
  const { stdout, stderr } = await project.cairn(...args)
  return stdout + stderr
}
const at = 'labels/latest'

beforeAll(async () => {
  await project.run('labels', '--jobs', '1')
}, 60_000)

it('reads a number as a label, never as an index, if a label is that number', async () => {
  const refused = await said('cat', `${at}/by-hour/7/n`)
  expect(refused).toContain('has no item "7/n"')
  expect(refused).toContain('the labels are numbers, so a number means a label; available: 0, 1, 2, 3, 4, 5, 6, 8, 9')
  expect(refused).toContain('or by index: #0 to #8')
  expect(await said('cat', `${at}/by-hour/8/n`)).toBe('800\n')
  expect(await said('cat', `${at}/by-hour/#7/n`)).toBe('800\n')
  for (const command of ['show', 'logs', 'cat']) {
    const text = await said(command, `${at}/by-hour/7`)
    expect(text, command).toContain('has no item "7"')
    expect(text, command).not.toContain('did you mean')
  }
  expect(await said('why', 'labels', 'by-hour/7')).toContain('by-hour has no item "7"')
  expect(await said('why', 'labels', 'by-hour/8')).toMatch(/^by-hour\/#7 +HIT/)
  const typed = ['.show by-hour/7', '.show by-hour/8/n', '.show by-hour/#7/n']
  const explored = await project.cairnTyping(typed, 'explore', 'labels')
  expect(explored.stderr).toContain('has no item "7"')
  expect(explored.stdout.match(/by-hour\/#7\/n of \S+\n800\n/g)).toHaveLength(2)
})

it('prints items as # and index, so that every item can be typed', async () => {
  expect(await said('show', `${at}/by-hour`)).toMatch(/✔ +#7 +8 +computed/)
  expect(await said('show', `${at}/by-hour/8`)).toMatch(/by-hour\/#7\nlabel +8\n/)
  expect(await said('logs', `${at}/by-hour`)).toContain('by-hour/#7 | label 8')
  const offered = await said('complete', '--', 'cat', `${at}/by-hour/`)
  expect(offered.split('\n')).toContain(`${at}/by-hour/#7`)
  expect(await said('cat', `${at}/inner/8/1/n`)).toBe('8\n')
  expect(await said('cat', `${at}/inner/#7.1/n`)).toBe('8\n')
  expect(await said('cat', `${at}/inner/7.1/n`)).toContain('has no item "7.1/n"')
})

it('finds labels that look like an index or a path', async () => {
  expect(await said('cat', `${at}/by-text/#1/n`)).toBe('1\n')
  expect(await said('cat', `${at}/by-text/##1/n`)).toBe('1\n')
  expect(await said('cat', `${at}/by-text/###1/n`)).toBe('0\n')
  expect(await said('cat', `${at}/by-text/0/n`)).toBe('0\n')
  const both = await said('cat', `${at}/by-text/a/n`)
  expect(both).toContain('"a/n" is ambiguous: it matches 2 items')
  expect(await said('cat', `${at}/by-text/#2/n`)).toBe('2\n')
  expect(await said('cat', `${at}/by-text/#3/n`)).toBe('3\n')
  expect(await said('cat', `${at}/by-text/###7/n`)).toContain('has no item "###7/n"')
})

it('accepts labels in --items, too', async () => {
  const { stdout, stderr } = await project.cairn('play', 'labels', '--items', 'each-parts=8,#0', '--progress', 'none')
  expect(stdout + stderr).toMatch(/by-hour +2 reused/)
  expect(await said('cat', `${at}/by-hour/8/n`, '--playground', 'scratch')).toBe('800\n')
  expect(await said('play', 'labels', '--items', 'each-parts=7,8')).toContain('has no item "7"')
})
