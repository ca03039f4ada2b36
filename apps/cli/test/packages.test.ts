import { appendFileSync, copyFileSync, globSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed, projectWith } from './packages.fixture.ts'
import { computed, exit, printed, REPOSITORY, type CliProject, type Files } from './project.fixture.ts'

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

test('refuses to run the code of an earlier run with packages other than those of its key', async () => {
  const project = projectWith(files)
  expect(await project.run('p')).toMatchObject({ status: 'completed' })
  const play = () => project.cairn('--json', 'play', 'p', '--swap', 'first=two.ts', '--at-run-code')

  project.write(installed('outer', '2.0.0', `export const version = 'two'`))
  const other = await play()
  expect(other.code).not.toBe(0)
  expect(`${other.stdout}${other.stderr}`).toContain(
    'the code was planned with outer@1.0.0, but this machine has outer@2.0.0',
  )
  expect(`${other.stdout}${other.stderr}`).toContain('npm install outer@1.0.0')

  project.write(installed('outer', '1.0.0', `export { version } from 'inner'`, deps))
  project.write(installed('inner', '1.0.0', `export const version = 'edited by hand'`))
  const edited = await play()
  expect(edited.code).not.toBe(0)
  expect(`${edited.stdout}${edited.stderr}`).toContain('or those of a dependency, are different')

  project.write({ ...files })
  expect(await play()).toMatchObject({ code: 0 })
})

test('an edited package is detected by its contents, whatever is cached about it', async () => {
  const project = projectWith(files)
  await project.run('p')
  project.write({ 'node_modules/inner/index.js': `export const version = 'ONE'` })
  expect(computed(await project.run('p'))).toEqual(['second'])
  rmSync(project.path('.cairn/cache'), { recursive: true })
  expect(computed(await project.run('p'))).toEqual([])
  project.write({ 'node_modules/inner/index.js': `export const version = 'one'` })
  expect(computed(await project.run('p'))).toEqual([])
})

test('a package that is edited during a run is not used under the old key', async () => {
  const project = projectWith({
    ...files,
    'p.pipeline.ts': `import { existsSync } from 'node:fs'
    import { pipeline, step } from '@cairn/kernel'
    import { json } from '@cairn/kinds'
    import { version } from 'outer'
    const outputs = { v: json<string>() }
    export const first = step('first', { outputs, acknowledge: ['files', 'clock'], run: async () => {
      const v = version
      console.log('at work')
      while (!existsSync('edited')) await new Promise((done) => setTimeout(done, 10))
      return { v }
    } })
    export const second = step('second', { inputs: outputs, outputs, run: ({ v }) => ({ v: v + version }) })
    export default pipeline('p', {}, () => second(first({})))`,
  })
  const running = project.start('run', 'p', '--progress', 'plain')
  const ended = exit(running)
  await printed(running, 'at work')
  project.write({ 'node_modules/inner/index.js': `export const version = 'two'`, edited: '' })
  expect(await ended).not.toBe(0)
  const { stdout } = await project.cairn('show', 'p/latest')
  // Whether the first one was told of it depends on what came first: its code, or the edit.
  expect(stdout).toMatch(
    /(first|second) +.*(or those of a dependency, are different|changed while the code was loading them|changed while)/,
  )
  const again = await project.run('p')
  expect(again.steps['second']!.outputs!['v']!.text).toBe('"twotwo"')
})

/** The same packages as each package manager places them. */
const layouts: Readonly<Record<string, (project: CliProject) => string>> = {
  'below the package that needs it'(project) {
    project.write({ 'node_modules/inner/package.json': '{ "name": "inner", "version": "9.9.9" }' })
    project.write(
      moved(installed('inner', '1.0.0', ONE), 'node_modules/inner', 'node_modules/outer/node_modules/inner'),
    )
    return 'node_modules/outer/node_modules/inner/index.js'
  },
  'behind links, as pnpm does'(project) {
    for (const name of ['inner', 'outer']) {
      const store = `node_modules/.pnpm/${name}@1.0.0/node_modules`
      mkdirSync(project.path(store), { recursive: true })
      renameSync(project.path('node_modules', name), project.path(store, name))
    }
    symlinkSync(project.path('node_modules/.pnpm/outer@1.0.0/node_modules/outer'), project.path('node_modules/outer'))
    symlinkSync(
      '../../inner@1.0.0/node_modules/inner',
      project.path('node_modules/.pnpm/outer@1.0.0/node_modules/inner'),
    )
    return 'node_modules/.pnpm/inner@1.0.0/node_modules/inner/index.js'
  },
  'in a workspace that is linked'(project) {
    rmSync(project.path('node_modules/inner'), { recursive: true })
    project.write(moved(installed('inner', '1.0.0', ONE), 'node_modules/inner', 'workspaces/inner'))
    symlinkSync('../workspaces/inner', project.path('node_modules/inner'))
    return 'workspaces/inner/index.js'
  },
}
const ONE = `export const version = 'one'`
function moved(all: Files, from: string, to: string): Files {
  return Object.fromEntries(Object.entries(all).map(([path, text]) => [path.replace(from, to), text]))
}

test.each(Object.entries(layouts))('a package that another package needs is part of the key: %s', async (_, layout) => {
  const project = projectWith(files)
  const edited = layout(project)
  const value = async () => (await project.run('p')).steps['second']!.outputs!['v']!.text
  expect(await value()).toBe('"1one"')
  project.write({ [edited]: `export const version = 'two'` })
  expect(await value()).toBe('"1two"')
})

test('imports follow import conditions, and their target is part of the key', async () => {
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

/** A package with a native addon: one that this repository has installed, whatever the platform. */
function installAddon(project: CliProject): string {
  const [addon] = globSync('node_modules/@oxc-parser/binding-*/*.node', { cwd: REPOSITORY })
  project.write({
    'node_modules/native/package.json': JSON.stringify({ name: 'native', version: '1.0.0', main: './index.cjs' }),
    'node_modules/native/index.cjs': `exports.kind = typeof require('./addon.node').parseSync`,
  })
  const file = project.path('node_modules/native/addon.node')
  copyFileSync(join(REPOSITORY, addon!), file)
  return file
}

test('an edit of a native addon changes the key, even after processes have loaded it', async () => {
  const project = projectWith({
    'p.pipeline.ts': `import { existsSync } from 'node:fs'
    import { pipeline, step } from '@cairn/kernel'
    import { json } from '@cairn/kinds'
    import { kind } from 'native'
    import { z } from 'zod'
    const outputs = { v: json<string>() }
    const params = z.object({ wait: z.boolean().default(false) })
    export const first = step('first', { params, outputs, acknowledge: ['files', 'clock'], run: async (_, { wait }) => {
      const v = kind
      console.log('at work')
      while (wait && !existsSync('edited')) await new Promise((done) => setTimeout(done, 10))
      return { v }
    } })
    export const second = step('second', { inputs: outputs, outputs, run: ({ v }) => ({ v: v + ' ' + kind }) })
    export default pipeline('p', {}, () => second(first({})))`,
  })
  const addon = installAddon(project)
  const before = await project.run('p')
  expect(before.steps['second']!.outputs!['v']!.text).toBe('"function function"')
  expect(computed(await project.run('p'))).toEqual([])
  appendFileSync(addon, 'more')
  const old = await project.cairn(
    '--json',
    'play',
    'p',
    '--base',
    before.run,
    '--at-run-code',
    '--set',
    'first.wait=true',
  )
  expect(old.stdout).toContain('the code was planned with native@1.0.0, but its files here')
  expect(computed(await project.run('p'))).toEqual(['first', 'second'])

  const running = project.start('run', 'p', '--set', 'first.wait=true', '--force', 'second', '--progress', 'plain')
  const ended = exit(running)
  await printed(running, 'at work')
  appendFileSync(addon, 'and more')
  project.write({ edited: '' })
  expect(await ended).not.toBe(0)
  expect((await project.cairn('show', 'p/latest')).stdout).toMatch(
    /(first|second) +.*(or those of a dependency, are different|changed while the code was loading them|changed while)/,
  )
})

test('code that was planned with another major version of Node has another key and is not run', async () => {
  const project = projectWith(files)
  project.write({
    'other.mjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '99.1.0' } })`,
  })
  const other = { NODE_OPTIONS: `--import=${project.path('other.mjs')}` }
  expect((await project.cairnWith(other, 'run', 'p')).code).toBe(0)
  const { run } = JSON.parse(
    (await project.cairnWith(other, '--json', 'plan', 'p', '--force', 'first', '--save')).stdout,
  )
  const here = process.versions.node.split('.')[0]
  const { steps, status } = await project.run('--plan', run)
  expect(status).toBe('failed')
  expect(steps['first']!.error).toMatchObject({
    code: 'MISFIT',
    message: `the code was planned for Node 99, but this process runs Node ${here}`,
    next: `plan the run with Node ${here}, or run it with Node 99`,
  })
  expect((await project.cairn('plan', 'p')).stdout).toMatch(new RegExp(`first +run +.*Node 99 -> ${here}`))
  expect(computed(await project.run('p'))).toEqual(['first', 'second'])
})
