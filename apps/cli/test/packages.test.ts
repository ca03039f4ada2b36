import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliProject, computed, REPOSITORY, type Files } from './project.fixture.ts'

/** A project with packages of its own, which no lockfile knows. */
function projectWith(files: Files): CliProject {
  const project = new CliProject()
  rmSync(project.path('node_modules'))
  mkdirSync(project.path('node_modules'))
  for (const name of ['@cairn', 'zod'])
    symlinkSync(join(REPOSITORY, 'node_modules', name), project.path('node_modules', name))
  project.write(files)
  return project
}
function installed(name: string, version: string, code: string, more: object = {}): Files {
  const json = { name, version, type: 'module', exports: { import: './index.js' }, ...more }
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify(json),
    [`node_modules/${name}/index.js`]: code,
  }
}
const deps = { dependencies: { inner: '*' } }
const files: Files = {
  'p.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
    import { json } from '@cairn/kinds'
    import { version } from 'outer'
    export const first = step('first', { outputs: { n: json<number>() }, run: () => ({ n: 1 }) })
    export const second = step('second', { inputs: { n: json<number>() }, outputs: { v: json<string>() }, run: ({ n }) => ({ v: n + version }) })
    export default pipeline('p', {}, () => second(first({})))`,
  'two.ts': `import { step } from '@cairn/kernel'
    import { json } from '@cairn/kinds'
    export const first = step('first', { outputs: { n: json<number>() }, run: () => ({ n: 2 }) })`,
  ...installed('outer', '1.0.0', `export { version } from 'inner'`, deps),
  ...installed('inner', '1.0.0', `export const version = 'one'`),
}

test('code of an earlier run is not run with other packages than those of its key', async () => {
  const project = projectWith(files)
  expect(await project.run('p')).toMatchObject({ status: 'completed' })
  const play = () => project.cairn('--json', 'play', 'p', '--swap', 'first=two.ts', '--at-run-code')

  project.write(installed('outer', '2.0.0', `export const version = 'two'`))
  const other = await play()
  expect(other.code).not.toBe(0)
  expect(`${other.stdout}${other.stderr}`).toContain('the code was planned with outer@1.0.0, and here is outer@2.0.0')
  expect(`${other.stdout}${other.stderr}`).toContain('npm install outer@1.0.0')

  project.write(installed('outer', '1.0.0', `export { version } from 'inner'`, deps))
  project.write(installed('inner', '1.0.0', `export const version = 'edited by hand'`))
  const edited = await play()
  expect(edited.code).not.toBe(0)
  expect(`${edited.stdout}${edited.stderr}`).toContain('or those of a package that it depends on, are not the same')

  project.write({ ...files })
  expect(await play()).toMatchObject({ code: 0 })
})

test('a package that is edited by hand counts by its contents, whatever is remembered of it', async () => {
  const project = projectWith(files)
  await project.run('p')
  project.write({ 'node_modules/inner/index.js': `export const version = 'ONE'` })
  expect(computed(await project.run('p'))).toEqual(['second'])
  rmSync(project.path('.cairn/cache'), { recursive: true })
  expect(computed(await project.run('p'))).toEqual([])
  project.write({ 'node_modules/inner/index.js': `export const version = 'one'` })
  expect(computed(await project.run('p'))).toEqual([])
})

test('imports lead where import conditions say, and what stands there counts', async () => {
  const project = projectWith({
    'package.json': JSON.stringify({
      name: 'own',
      type: 'module',
      cairn: { pipelines: ['*.pipeline.ts'] },
      exports: { './self/*': { require: './no.ts', node: { import: './self/*.ts' } } },
      imports: { '#k': { require: './no.ts', import: './imp.ts' } },
    }),
    'no.ts': `export const k = 'require'`,
    'imp.ts': `export const k = 'import'`,
    'self/a.ts': `export const a = 'self'`,
    ...installed('only', '1.0.0', `export const only = 'only'`),
    'p.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
    import { json } from '@cairn/kinds'
      import { k } from '#k'
      import { a } from 'own/self/a'
      import { only } from 'only'
      export const main = step('main', { outputs: { v: json<string>() }, run: () => ({ v: [k, a, only].join() }) })
      export default pipeline('p', {}, () => main({}))`,
  })
  const value = async () => {
    const { code, steps } = await project.run('p')
    expect(code).toBe(0)
    return steps['main']!.outputs!['v']!.text
  }
  expect(await value()).toContain('import,self,only')
  project.write({ 'imp.ts': `export const k = 'other'` })
  expect(await value()).toContain('other,self,only')
  project.write({ 'self/a.ts': `export const a = 'else'` })
  expect(await value()).toContain('other,else,only')
})
