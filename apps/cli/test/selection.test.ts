import { describe, expect, it } from 'vitest'
import { CliProject, computed } from './project.fixture.ts'

const FILES = {
  'flow.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'

const Int = json<number>()
export const load = step('load', {
  params: z.object({ n: z.int().default(1) }),
  outputs: { n: Int },
  run: (_, { n }) => ({ n }),
})
export const extractFeatures = step('extract-features', {
  inputs: { n: Int },
  outputs: { features: Int },
  run: ({ n }) => ({ features: n * 2 }),
})
export const trainModel = step('train-model', {
  inputs: { features: Int },
  params: z.object({ trees: z.int().min(1).default(100) }),
  outputs: { model: Int },
  run: ({ features }, { trees }) => ({ model: features * trees }),
})
export const evaluate = step('evaluate', {
  inputs: { model: Int, features: Int },
  outputs: { score: Int },
  run: ({ model, features }) => ({ score: model + features }),
})
export const flow = pipeline('flow', () => {
  const { n } = load({})
  const { features } = extractFeatures({ n })
  const { model } = trainModel({ features })
  return evaluate({ model, features })
})
`,
}

describe('a part of a pipeline', () => {
  it('stops after the step that --until names', async () => {
    const project = new CliProject(FILES)
    const run = await project.run('flow', '--until', 'extract-features')
    expect(run.status).toBe('completed')
    expect(Object.keys(run.steps)).toEqual(['load', 'extract-features'])
  })

  it('starts at the step that --from names, on the outputs of the last run', async () => {
    const project = new CliProject(FILES)
    const base = await project.run('flow')
    const run = await project.run('flow', '--from', 'train-model', '--set', 'train-model.trees=200')
    expect(Object.keys(run.steps)).toEqual(['train-model', 'evaluate'])
    expect(run.steps['evaluate']!.outputs!['score']!.text).toBe('402')
    const { stdout } = await project.cairn('plan', 'flow', '--from', 'train-model')
    expect(stdout).toMatch(new RegExp(`^extract-features +given +from run \\d{8}-\\d{6}-\\w{5}$`, 'm'))
    expect(stdout).not.toContain('load')
    expect(base.status).toBe('completed')
  })

  it('starts from the newest run that has all it needs', async () => {
    const project = new CliProject(FILES)
    await project.run('flow')
    await project.run('flow', '--until', 'load')
    const run = await project.run('flow', '--from', 'train-model', '--set', 'train-model.trees=3')
    expect(run.steps['evaluate']!.outputs!['score']!.text).toBe('8')
  })

  it('starts from the outputs of the run that --base names, and names those that would differ today', async () => {
    const project = new CliProject(FILES)
    const old = await project.run('flow', '--set', 'load.n=10')
    await project.run('flow')
    const part = ['flow', '--from', 'train-model', '--base', old.run]
    const run = await project.run(...part)
    expect(run.steps['evaluate']!.outputs!['score']!.text).toBe('2020')
    const { stderr, stdout } = await project.cairn('run', ...part)
    expect(stderr).toMatch(/^! extract-features {2}from run \S+; STALE: input n changed \(load\)$/m)
    expect(stdout).toContain('completed')
    const plan = await project.cairn('plan', ...part)
    expect(plan.stdout).toMatch(/^extract-features +given .*STALE/m)
  })

  it('runs from the middle to the middle', async () => {
    const project = new CliProject(FILES)
    await project.run('flow')
    const run = await project.run('flow', '--from', 'extract-features', '--until', 'train-model')
    expect(Object.keys(run.steps)).toEqual(['extract-features', 'train-model'])
  })

  it('recomputes the step that --force names, and only that step if its output stays the same', async () => {
    const project = new CliProject(FILES)
    await project.run('flow')
    expect(computed(await project.run('flow', '--force', 'train-model'))).toEqual(['train-model'])
  })

  it('needs a base run', async () => {
    const project = new CliProject(FILES)
    const { code, stderr } = await project.cairn('run', 'flow', '--from', 'train-model')
    expect(code).toBe(1)
    expect(stderr).toContain('extract-features is not selected to run, so its outputs must come from another run')
    expect(stderr).toContain('next   choose the run: --base <run>')
  })
})

describe('parameters', () => {
  it('come from flags and from a file, flags first', async () => {
    const project = new CliProject({ ...FILES, 'params.json': '{ "train-model.trees": 7, "load.n": 3 }' })
    const run = await project.run('flow', '--params', 'params.json', '--set', 'load.n=5')
    expect(run.steps['evaluate']!.outputs!['score']!.text).toBe('80')
  })

  it.each([
    [
      'an unknown step',
      ['--set', 'train-modle.trees=3'],
      'flow has no step "train-modle"',
      'did you mean "train-model"?',
    ],
    [
      'an unknown parameter',
      ['--set', 'train-model.tress=3'],
      'train-model has no parameter "tress"',
      'did you mean "trees"?',
    ],
    [
      'a value out of range',
      ['--set', 'train-model.trees=0'],
      'invalid parameters of train-model: trees: Too small',
      '',
    ],
    ['no value', ['--set', 'train-model.trees'], '--set train-model.trees has no value', 'write it like --set'],
    ['a file that is not there', ['--params', 'none.json'], 'the parameters in none.json cannot be read', ''],
    ['an unknown --from', ['--from', 'trainmodel'], 'flow has no step "trainmodel"', 'did you mean "train-model"?'],
    ['an unknown --until', ['--until', 'evaluat'], 'flow has no step "evaluat"', 'did you mean "evaluate"?'],
    ['an unknown --base', ['--base', 'nightly'], 'local/flow/ has no runs', 'cairn run'],
  ])('are refused with %s', async (_, args, message, next) => {
    const project = new CliProject(FILES)
    const { code, stdout, stderr } = await project.cairn('run', 'flow', ...args)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(`error  ${message}`)
    expect(stderr).toContain(next)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('are refused as JSON for programs', async () => {
    const project = new CliProject(FILES)
    const { code, stdout } = await project.cairn('--json', 'plan', 'flow', '--set', 'train-model.tress=3')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'BAD_PARAMETER',
        message: 'train-model has no parameter "tress"',
        next: 'did you mean "trees"?',
      },
    })
  })
})
