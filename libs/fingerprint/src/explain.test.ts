import { afterAll, describe, expect, test } from 'vitest'
import { changeText, explain } from './explain.ts'
import { TemporaryProject, type Files } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const base: Files = {
  'steps.ts': `import { step } from '@cairn/kernel'
import { prepare } from './prepare.ts'
export const trainModel = step('train-model', { outputs: {}, run: () => prepare(limit()) })
function limit() { return 1 }`,
  'prepare.ts': `import { zscore } from './stats.ts'
import { z } from 'package'
const table = new Map()
table.set('a', 1)
export const prepare = (x: number) => zscore(x, table, z)`,
  'stats.ts': `export function zscore(x: number, ...more: unknown[]) { return x - MEAN }
const MEAN = 1
export function median(x: number) { return x }`,
  'node_modules/package/package.json': '{ "name": "package", "version": "1.0.0" }',
}

/** The explanation after an edit of some files. */
async function why(edits: Files, before = base): Promise<string[]> {
  const manifest = async (files: Files) => (await new TemporaryProject(files).closure('trainModel')).manifest
  return explain('train-model', await manifest(before), await manifest({ ...before, ...edits })).map(changeText)
}
const edited = (file: string, from: string, to: string): Files => ({ [file]: base[file]!.replaceAll(from, to) })

describe('an explanation names', () => {
  test('the changed function, and the path to it', async () => {
    expect(await why(edited('stats.ts', 'x - MEAN', 'x + MEAN'))).toEqual([
      'zscore() in stats.ts changed   (train-model -> prepare.ts -> stats.ts)',
    ])
  })
  test('the changed constant, and not what refers to it', async () => {
    expect(await why(edited('stats.ts', 'MEAN = 1', 'MEAN = 2'))).toEqual([
      'MEAN in stats.ts changed   (train-model -> prepare.ts -> stats.ts)',
    ])
  })
  test('the step itself', async () => {
    expect(await why(edited('steps.ts', 'prepare(limit())', 'prepare(limit() + 1)'))).toEqual([
      'train-model in steps.ts changed',
    ])
  })
  test('a function in the same file as the step', async () => {
    expect(await why(edited('steps.ts', 'return 1', 'return 2'))).toEqual(['limit() in steps.ts changed'])
  })
  test('what was added and what was removed', async () => {
    const edit = edited('stats.ts', 'return x - MEAN }', 'return half(x) }\nfunction half(x: number) { return x / 2 }')
    expect(await why(edit)).toEqual([
      'zscore() in stats.ts changed   (train-model -> prepare.ts -> stats.ts)',
      'half() in stats.ts added   (train-model -> prepare.ts -> stats.ts)',
      'MEAN in stats.ts removed   (train-model -> prepare.ts -> stats.ts)',
    ])
  })
  test('a statement', async () => {
    expect(await why(edited('prepare.ts', `table.set('a', 1)`, `table.set('a', 2)`))).toEqual([
      `table.set('a', 2) in prepare.ts added   (train-model -> prepare.ts)`,
      `table.set('a', 1) in prepare.ts removed   (train-model -> prepare.ts)`,
    ])
  })
  test('a declaration that now refers to another one', async () => {
    expect(await why(edited('prepare.ts', '{ zscore }', '{ median as zscore }'))).toEqual([
      'median() in stats.ts replaced zscore()   (train-model -> prepare.ts -> stats.ts)',
      'MEAN in stats.ts removed   (train-model -> prepare.ts -> stats.ts)',
    ])
    expect(await why(edited('prepare.ts', '{ z }', '{ y as z }'))).toEqual([
      'prepare() in prepare.ts changed   (train-model -> prepare.ts)',
    ])
  })
  test('a package that was updated', async () => {
    expect(await why({ 'node_modules/package/package.json': '{ "name": "package", "version": "1.1.0" }' })).toEqual([
      'package package 1.0.0 -> 1.1.0   (train-model -> prepare.ts)',
    ])
  })
  test('a package whose content changed without its version', async () => {
    expect(await why({ 'node_modules/package/index.js': '1' })).toEqual([
      'package package 1.0.0: its content, a patch, or a dependency changed   (train-model -> prepare.ts)',
    ])
  })
  test('a package that is no longer used', async () => {
    expect(await why(edited('prepare.ts', ', z)', ')'))).toEqual([
      'prepare() in prepare.ts changed   (train-model -> prepare.ts)',
      'package package 1.0.0 removed   (train-model -> prepare.ts)',
    ])
  })
  test("Node's major version", async () => {
    const { manifest } = await new TemporaryProject(base).closure('trainModel')
    const changes = explain('train-model', { ...manifest, node: 22, fingerprint: 'other' }, manifest)
    expect(changes.map(changeText)).toEqual([`Node 22 -> ${manifest.node}`])
  })
  test('the order of evaluation', async () => {
    const two = (statements: string) => edited('prepare.ts', `table.set('a', 1)`, statements)
    expect(
      await why(two(`table.set('b', 1)\ntable.set('a', 1)`), {
        ...base,
        ...two(`table.set('a', 1)\ntable.set('b', 1)`),
      }),
    ).toEqual(['the evaluation order of the code of train-model changed'])
  })
  test('a change even if everything was renamed and moved as well', async () => {
    const moved = {
      'steps.ts': base['steps.ts']!.replaceAll('prepare', 'ready').replace('./ready.ts', './lib/ready.ts'),
      'lib/ready.ts': base['prepare.ts']!.replaceAll('prepare', 'ready')
        .replaceAll('zscore', 'standard')
        .replace('./stats.ts', './maths.ts'),
      'lib/maths.ts': base['stats.ts']!.replaceAll('zscore', 'standard')
        .replaceAll('MEAN', 'M')
        .replace('M = 1', 'M = 2'),
    }
    expect(await why(moved)).toEqual([
      'M in lib/maths.ts replaced MEAN   (train-model -> lib/ready.ts -> lib/maths.ts)',
    ])
  })
})

test('an explanation is empty if declarations were only renamed', async () => {
  expect(
    await why({
      ...edited('stats.ts', 'zscore', 'standard'),
      ...edited('prepare.ts', '{ zscore }', '{ standard as zscore }'),
    }),
  ).toEqual([])
})
