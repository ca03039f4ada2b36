import { describe, expect, it } from 'vitest'
import { CliProject, computed, REPOSITORY, type Files } from './project.fixture.ts'

const FILES: Files = {
  'scale.ts': `import { factor } from './factor.ts'

/** Scales a number. */
export function scale(n: number): number {
  const scaled = n * factor
  return scaled
}
`,
  'factor.ts': 'export const factor = 2\n',
  'edits.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
import { scale } from './scale.ts'

const Int = json<number>()
export const load = step('load', { outputs: { n: Int }, run: () => ({ n: 1 }) })
export const extractFeatures = step('extract-features', {
  inputs: { n: Int },
  outputs: { n: Int },
  run: ({ n }) => ({ n: scale(n) }),
})
export const trainModel = step('train-model', {
  inputs: { n: Int },
  params: z.object({ trees: z.int().default(100) }),
  outputs: { n: Int },
  run: ({ n }, { trees }) => ({ n: n * trees }),
})
export const evaluate = step('evaluate', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n + 1 }) })
export const edits = pipeline('edits', () => {
  const { n: loaded } = load({})
  const { n: features } = extractFeatures({ n: loaded })
  const { n: model } = trainModel({ n: features })
  return evaluate({ n: model })
})
`,
}

async function afterFirstRun(files: Files = FILES): Promise<CliProject> {
  const project = new CliProject(files)
  expect(computed(await project.run('edits'))).toEqual(['load', 'extract-features', 'train-model', 'evaluate'])
  return project
}
const answer = ({ steps }: Awaited<ReturnType<CliProject['run']>>) => steps['evaluate']!.outputs!['n']!.text

describe('what is computed again after an edit', () => {
  it('nothing, when nothing was edited', async () => {
    const project = await afterFirstRun()
    expect(computed(await project.run('edits'))).toEqual([])
  })

  it('the step that uses an edited helper, and plan and why name the helper and the path to it', async () => {
    const project = await afterFirstRun()
    project.edit('factor.ts', '2', '3')
    const plan = await project.cairn('plan', 'edits')
    expect(plan.stdout).toMatch(/^load +reuse /m)
    expect(plan.stdout).toMatch(/^extract-features +run .*factor in factor\.ts changed/m)
    expect(plan.stdout).toMatch(/^train-model +may run .*input n may change \(extract-features\)/m)
    const why = await project.cairn('why', 'edits', 'extract-features')
    expect(why.stdout).toContain('MISS  factor in factor.ts changed   (extract-features -> scale.ts -> factor.ts)')
    const run = await project.run('edits')
    expect(computed(run)).toEqual(['extract-features', 'train-model', 'evaluate'])
    expect(answer(run)).toBe('301')
  })

  it.each([
    ['a comment', 'scale.ts', '/** Scales a number. */', '// Multiplies.\n'],
    [
      'a local name',
      'scale.ts',
      'const scaled = n * factor\n  return scaled',
      'const product = n * factor\n  return product',
    ],
    ['the formatting', 'scale.ts', 'const scaled = n * factor', 'const scaled =\n      n *\n      factor;'],
    ['a type', 'scale.ts', '(n: number): number', '(n: number)'],
    ['a sibling step', 'edits.pipeline.ts', 'n: n + 1', 'n: n + 1 + 0'],
  ])('not a step where only %s was edited', async (_, file, before, after) => {
    const project = await afterFirstRun()
    project.edit(file, before, after)
    const run = await project.run('edits')
    expect(computed(run)).toEqual(file === 'scale.ts' ? [] : ['evaluate'])
    expect(answer(run)).toBe('201')
  })

  it('nothing, when a function moves to another file', async () => {
    const project = await afterFirstRun()
    project.write({
      'moved.ts': FILES['scale.ts']!,
      'scale.ts': `export { scale } from './moved.ts'\n`,
    })
    expect(computed(await project.run('edits'))).toEqual([])
  })

  it('only the step itself, when its output bytes stay equal', async () => {
    const project = await afterFirstRun()
    project.edit('scale.ts', 'n * factor', 'factor * n')
    const run = await project.run('edits')
    expect(computed(run)).toEqual(['extract-features'])
    expect(run.steps['train-model']!.how).toBe('reused')
  })

  it('only the step that uses a package, when that package is updated', async () => {
    const project = new CliProject(FILES)
    const version = (number: string): Files => ({
      'vendor/node_modules/doubling/package.json': `{ "name": "doubling", "version": "${number}", "type": "module", "exports": "./index.js" }`,
      'vendor/node_modules/doubling/index.js': 'export const double = (n) => n * 2\n',
    })
    project.write({ ...version('1.0.0'), 'vendor/double.ts': `export { double } from 'doubling'\n` })
    project.edit('scale.ts', `import { factor } from './factor.ts'`, `import { double } from './vendor/double.ts'`)
    project.edit('scale.ts', 'n * factor', 'double(n)')
    await project.run('edits')
    project.write(version('1.0.1'))
    const why = await project.cairn('why', 'edits', 'extract-features')
    expect(why.stdout).toContain('MISS  package doubling 1.0.0 -> 1.0.1')
    expect(computed(await project.run('edits'))).toEqual(['extract-features'])
  })

  it('what the plan says, with the code of the plan, when a helper is edited between plan and run', async () => {
    const project = await afterFirstRun()
    project.edit('factor.ts', '2', '3')
    const planned = JSON.parse((await project.cairn('--json', 'plan', 'edits', '--save')).stdout) as { run: string }
    project.edit('factor.ts', '3', '5')
    const run = await project.run('--plan', planned.run)
    expect(run.run).toBe(planned.run)
    expect(answer(run)).toBe('301')
    expect(answer(await project.run('edits'))).toBe('501')
  })

  it('exactly what a plan with another parameter says', async () => {
    const project = await afterFirstRun()
    const set = ['edits', '--set', 'train-model.trees=400']
    const { stdout } = await project.cairn('plan', ...set)
    expect(stdout).toMatch(/^extract-features +reuse /m)
    expect(stdout).toMatch(/^train-model +run .*~\S+ s \(median of 1\).*params\.trees 100 -> 400/m)
    expect(stdout).toMatch(/^evaluate +may run .*input n may change \(train-model\)/m)
    expect(stdout).toContain('2 reuse, 1 run, 1 may run, about')
    expect(computed(await project.run(...set))).toEqual(['train-model', 'evaluate'])
  })

  it('what reads a file, when the file changes', async () => {
    const project = new CliProject({
      'data.txt': 'one',
      'read.pipeline.ts': `import { readFile } from 'node:fs/promises'
import { fromFile } from '@cairn/connectors'
import { pipeline, source, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const read = source('read', {
  reads: { data: fromFile('data.txt') },
  outputs: { text: json<string>() },
  run: async ({ data }) => ({ text: await readFile(data.path, 'utf8') }),
})
export const length = step('length', {
  inputs: { text: json<string>() },
  outputs: { length: json<number>() },
  run: ({ text }) => ({ length: text.length }),
})
export const readPipeline = pipeline('read', () => length(read({})))
`,
    })
    await project.run('read')
    expect(computed(await project.run('read'))).toEqual([])
    project.write({ 'data.txt': 'two' })
    expect((await project.cairn('why', 'read', 'read')).stdout).toMatch(
      /MISS {2}source data changed: [0-9a-f]{12}… -> /,
    )
    expect(computed(await project.run('read'))).toEqual(['read', 'length'])
  })
})

it('runs from the sources of Cairn as from the build', async () => {
  const project = await afterFirstRun()
  const { execFileSync } = await import('node:child_process')
  const main = `${REPOSITORY}/apps/cli/src/main.ts`
  const output = execFileSync(process.execPath, [main, '--json', 'run', 'edits'], {
    cwd: project.root,
    encoding: 'utf8',
  })
  expect(computed(JSON.parse(output) as never)).toEqual([])
})
