import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allPipelines, findProject, loadPipeline, stepsOf } from './project.ts'
import { TemporaryProject } from './project.fixture.ts'

const pipelineFile = (...names: string[]) => `import { pipeline, step } from '@cairn/kernel'
export const nothing = step('nothing', { outputs: {}, run: () => ({}) })
${names.map((name) => `export const ${name} = pipeline('${name}', () => { nothing({}); return {} })`).join('\n')}
`

describe('a project', () => {
  let project: TemporaryProject
  beforeEach(() => (project = new TemporaryProject()))
  afterEach(() => project.remove())

  const manifest = (cairn: object) => project.write({ 'package.json': JSON.stringify({ type: 'module', cairn }) })
  const names = async () => (await allPipelines(findProject(project.root))).map(({ pipeline }) => pipeline.name)

  it('is the nearest folder upwards whose package.json has a cairn entry', () => {
    project.write({
      'a/package.json': '{ "cairn": { "pipelines": [] } }',
      'a/b/package.json': '{ "name": "no-pipelines" }',
      'a/b/c/file': '',
    })
    expect(findProject(project.path('a/b/c')).root).toBe(project.path('a'))
    expect(findProject(project.path('a')).root).toBe(project.path('a'))
    expect(findProject(project.root).root).toBe(project.root)
  })

  it('has the store and environment of its entry, or else .cairn and local', () => {
    expect(findProject(project.root)).toMatchObject({ store: project.path('.cairn'), env: 'local' })
    manifest({ pipelines: 'a.ts', store: '../elsewhere', env: 'playground' })
    expect(findProject(project.root)).toEqual({
      root: project.root,
      pipelines: ['a.ts'],
      store: project.path('../elsewhere'),
      env: 'playground',
      adoption: { policy: 'verify', trusted: {} },
    })
  })

  it('explains how to begin if there is none', () => {
    project.write({ 'package.json': '{}' })
    expect(() => findProject(project.root)).toThrow(
      expect.objectContaining({
        code: 'NOT_FOUND',
        message: `no package.json in ${project.root} or a parent folder has a "cairn" entry`,
        next: 'add "cairn": { "pipelines": ["pipelines/*.ts"] } to package.json',
      }),
    )
  })

  it('names a package.json that is not valid JSON', () => {
    project.write({ 'package.json': '{ "cairn": ' })
    expect(() => findProject(project.root)).toThrow(
      expect.objectContaining({
        code: 'BAD_DEFINITION',
        message: expect.stringContaining(`${project.path('package.json')} is not valid JSON: `),
      }),
    )
  })

  it.each([
    [{ pipeline: [] }, '"cairn" has no setting "pipeline"', 'did you mean "pipelines"?'],
    [{ retension: {} }, '"cairn" has no setting "retension"', 'did you mean "retention"?'],
    [{ adoption: { trustd: {} } }, '"adoption" of "cairn" has no setting "trustd"', 'did you mean "trusted"?'],
  ])('refuses settings that it does not know: %j', (settings, what, next) => {
    manifest(settings)
    expect(() => findProject(project.root)).toThrow(
      expect.objectContaining({ code: 'BAD_DEFINITION', message: `${project.path('package.json')}: ${what}`, next }),
    )
  })

  it('has the pipelines of its files and patterns, each once and without tests', async () => {
    manifest({ pipelines: ['flows/*.ts', 'one.ts', 'flows/b.ts'] })
    project.write({
      'one.ts': pipelineFile('one'),
      'flows/b.ts': `${pipelineFile('third', 'fourth')}export { third as again }`,
      'flows/a.ts': pipelineFile('second'),
      'flows/a.test.ts': 'throw new Error("tests run when they are imported")',
      'flows/deep/c.ts': pipelineFile('unlisted'),
    })
    expect(await names()).toEqual(['second', 'third', 'fourth', 'one'])
  })

  it('names a pipeline file that does not exist', async () => {
    manifest({ pipelines: ['flows/*.ts', 'one.ts'] })
    await expect(names()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `one.ts, which ${project.path('package.json')} lists under "pipelines", cannot be read: it does not exist`,
    })
  })

  it('loads the pipeline of a name with the module that exports it', async () => {
    project.write({ 'a.pipeline.ts': pipelineFile('one'), 'b.pipeline.ts': pipelineFile('two', 'three') })
    const { pipeline, file } = await loadPipeline(findProject(project.root), 'three')
    expect([pipeline.name, file]).toEqual(['three', project.path('b.pipeline.ts')])
    expect([...stepsOf(pipeline).keys()]).toEqual(['nothing'])
  })

  it.each(['three/main.ts', 'three.ts', 'z/three.flow.ts'])(
    'looks first in files with the name in their path: %s',
    async (file) => {
      manifest({
        pipelines: ['a.ts', '**/three/*.ts', 'three.ts', 'z/*.ts'].filter(
          (entry) => entry === 'a.ts' || entry === file || entry.includes('*'),
        ),
      })
      project.write({ 'a.ts': 'throw new Error("this was not asked for")', [file]: pipelineFile('three') })
      expect((await loadPipeline(findProject(project.root), 'three')).file).toBe(project.path(file))
    },
  )

  it('suggests the nearest name for a pipeline that it does not have', async () => {
    project.write({ 'a.pipeline.ts': pipelineFile('flights'), 'b.pipeline.ts': pipelineFile('penguins') })
    await expect(loadPipeline(findProject(project.root), 'pengiuns')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'pipeline "pengiuns" does not exist',
      next: 'did you mean "penguins"?',
    })
    await expect(loadPipeline(findProject(project.root), 'weather')).rejects.toMatchObject({
      next: 'available: flights, penguins',
    })
  })
})
