import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkNamedPipelines } from './named-pipelines.ts'
import { TemporaryProject } from './project.fixture.ts'
import { findProject } from './project.ts'

const ENV = 'production'
const nightly = `import { pipeline, step } from '@cairn/kernel'
const nothing = step('nothing', { outputs: {}, run: () => ({}) })
export const nightly = pipeline('nightly', () => { nothing({}); return {} })
`

describe('pipelines that settings name', () => {
  let project: TemporaryProject
  beforeEach(() => (project = new TemporaryProject()))
  afterEach(() => project.remove())

  const check = (settings: object, code = nightly) => {
    project.write({
      'package.json': JSON.stringify({ type: 'module', cairn: { pipelines: ['flow.ts'], env: ENV, ...settings } }),
      'flow.ts': code,
    })
    const folders: string[] = []
    const children = async (folder: string) => (folders.push(folder), ['retired'])
    return checkNamedPipelines(findProject(project.root), { children }).then(() => folders)
  }

  it.each([
    ['concurrency', { pipelines: { nightyl: { runs: 1 } } }, '"concurrency" of "cairn"'],
    ['retention', { pipelines: { nightyl: { keepRuns: 1 } } }, '"retention" of "cairn"'],
    [
      'concurrency',
      { environments: { [ENV]: { pipelines: { nightyl: {} } } } },
      '"concurrency" of "cairn", environments, production',
    ],
    [
      'retention',
      { environments: { [ENV]: { pipelines: { nightyl: {} } } } },
      '"retention" of "cairn", environments, production',
    ],
  ])('are refused in %s if there is no such pipeline, with the nearest name: %j', async (setting, said, where) => {
    await expect(check({ [setting]: said })).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      message:
        `${project.path('package.json')}: "pipelines" of ${where} names "nightyl", but this pipeline exists ` +
        'neither in the project nor in the store of production',
      next: 'did you mean "nightly"?',
    })
  })

  it('may be pipelines of the project, pipelines with runs in the store, and any of another environment', async () => {
    const pipelines = { nightly: {}, retired: {} }
    const environments = { [ENV]: { pipelines }, other: { pipelines: { unheard: {} } } }
    expect(await check({ retention: { pipelines, environments }, concurrency: { pipelines, environments } })).toEqual([
      `${ENV}/`,
    ])
    expect(await check({ retention: { pipelines: { nightly: {} } } })).toEqual([])
    expect(await check({ retention: { keepRuns: 1 } })).toEqual([])
  })

  it('are refused while a module that might have them cannot be loaded', async () => {
    const broken = 'throw new Error("not now")'
    await expect(check({ retention: { pipelines: { other: {} } } }, broken)).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      message: expect.stringMatching(
        /names "other", which may be in a module that cannot be loaded: .*not now/,
      ) as string,
      next: 'correct the module: cairn lint',
    })
    expect(await check({ retention: { pipelines: { retired: {} } } }, broken)).toEqual([`${ENV}/`])
    expect(await check({ retention: { keepRuns: 1 } }, broken)).toEqual([])
  })
})
