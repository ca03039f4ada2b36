import { execFileSync } from 'node:child_process'
import { utimesSync } from 'node:fs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { TemporaryProject, type Files } from '../project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const steps = `import { step } from '@cairn/kernel'
import { a } from 'a'
import { d } from 'd'
export const withA = step('with-a', { outputs: {}, run: () => a })
export const withD = step('with-d', { outputs: {}, run: () => d })
export const without = step('without', { outputs: {}, run: () => 1 })
`
interface Entry {
  version: string
  [field: string]: unknown
}
/** Packages as npm installs them, with their folders and the hidden lockfile. */
function installed(entries: Readonly<Record<string, Entry>>): Files {
  const lock = Object.entries(entries).map(([path, entry]) => [
    `node_modules/${path}`,
    { integrity: `sha512-${path}-${entry.version}`, ...entry },
  ])
  const folders = Object.entries(entries).map(([path, { version, ...rest }]) => [
    `node_modules/${path}/package.json`,
    JSON.stringify({
      name: path.split('node_modules/').at(-1),
      version,
      exports: './index.js',
      type: 'module',
      ...rest,
    }),
  ])
  const code = Object.keys(entries).map((path) => [`node_modules/${path}/index.js`, `export const ${path.at(-1)} = 1`])
  return {
    'steps.ts': steps,
    'node_modules/.package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(lock) }),
    ...(Object.fromEntries([...folders, ...code]) as Files),
  }
}
const A = { version: '1.0.0', dependencies: { b: '*' } }
const base = {
  a: A,
  b: { version: '1.0.0', dependencies: { c: '*' } },
  c: { version: '1.0.0', dependencies: { a: '*' } },
  d: { version: '1.0.0' },
}
const STEPS = ['withA', 'withD', 'without']

async function changed(before: Files, after: Files): Promise<string[]> {
  const [a, b] = [new TemporaryProject(before), new TemporaryProject(after)]
  const changes = []
  for (const name of STEPS) if ((await a.fingerprint(name)) !== (await b.fingerprint(name))) changes.push(name)
  return changes
}

describe('only the steps that use a package change when', () => {
  test('it has another version', async () => {
    expect(await changed(installed(base), installed({ ...base, d: { version: '1.0.1' } }))).toEqual(['withD'])
  })
  test('it has the same version but other content', async () => {
    expect(
      await changed(installed(base), installed({ ...base, d: { version: '1.0.0', integrity: 'sha512-other' } })),
    ).toEqual(['withD'])
  })
  test('one of its dependencies changes, also in a cycle', async () => {
    expect(await changed(installed(base), installed({ ...base, c: { ...base.c, version: '1.0.1' } }))).toEqual([
      'withA',
    ])
  })
  test('it gets a nested dependency', async () => {
    expect(await changed(installed(base), installed({ ...base, 'a/node_modules/b': { version: '2.0.0' } }))).toEqual([
      'withA',
    ])
  })
  test('an installed peer or optional dependency changes', async () => {
    const files = (version: string, kind: string) =>
      installed({ ...base, a: { version: '1.0.0', [kind]: { p: '*' } }, p: { version } })
    for (const kind of ['peerDependencies', 'optionalDependencies', 'peerDependenciesMeta'])
      expect(await changed(files('1.0.0', kind), files('2.0.0', kind))).toEqual(['withA'])
  })
  test('it is patched', async () => {
    const files = installed(base)
    expect(await changed(files, { ...files, 'patches/c+1.0.0.patch': 'diff' })).toEqual(['withA'])
    expect(
      await changed({ ...files, 'patches/c+1.0.0.patch': 'diff' }, { ...files, 'patches/c+1.0.0.patch': 'other' }),
    ).toEqual(['withA'])
    expect(await changed(files, { ...files, 'patches/c+2.0.0.patch': 'diff' })).toEqual([])
  })
  test('pnpm patches it', async () => {
    const files = {
      ...installed(base),
      'package.json': JSON.stringify({ type: 'module', pnpm: { patchedDependencies: { 'd@1.0.0': 'my/d.patch' } } }),
    }
    expect(await changed({ ...files, 'my/d.patch': '1' }, { ...files, 'my/d.patch': '2' })).toEqual(['withD'])
  })
})

test('builds for one platform do not change the fingerprint', async () => {
  const files = (entries: object) =>
    installed({ ...base, a: { version: '1.0.0', optionalDependencies: { n: '*', m: '*' } }, ...entries })
  const native = (version: string) => ({ version, os: ['linux'], cpu: ['x64'] })
  expect(await changed(files({ n: native('1.0.0') }), files({ m: native('2.0.0') }))).toEqual([])
})

describe('without an npm lockfile', () => {
  const { 'node_modules/.package-lock.json': _, ...files } = installed(base)
  test('the files of packages are part of the fingerprint', async () => {
    expect(await changed(files, { ...files, 'node_modules/d/index.js': 'export const d = 2' })).toEqual(['withD'])
    expect(await changed(files, { ...files, 'node_modules/d/more/deep.txt': '1' })).toEqual(['withD'])
    expect(await changed(files, { ...files, 'node_modules/c/index.js': 'export const c = 2' })).toEqual(['withA'])
    expect(await changed(files, { ...files })).toEqual([])
  })
  test('packages in the pnpm store are packages', async () => {
    const store = (code: string) => {
      const project = new TemporaryProject({
        'steps.ts': steps.replace(/.*'d'.*\n|.*withD.*\n/g, ''),
        'node_modules/.pnpm/a@1.0.0/node_modules/a/package.json':
          '{ "name": "a", "version": "1.0.0", "dependencies": { "b": "*" } }',
        'node_modules/.pnpm/b@1.0.0/node_modules/b/package.json': '{ "name": "b", "version": "1.0.0" }',
        'node_modules/.pnpm/b@1.0.0/node_modules/b/index.js': code,
      })
      project.link('node_modules/a', project.path('node_modules/.pnpm/a@1.0.0/node_modules/a'))
      return project.link(
        'node_modules/.pnpm/a@1.0.0/node_modules/b',
        project.path('node_modules/.pnpm/b@1.0.0/node_modules/b'),
      )
    }
    const [a, b] = [store('1'), store('2')]
    expect((await a.closure('withA')).manifest.packages).toMatchObject([{ name: 'a', version: '1.0.0' }])
    expect(await a.fingerprint('withA')).not.toBe(await b.fingerprint('withA'))
  })
})

test('a lockfile with another version than the installed one is not trusted', async () => {
  const files = installed(base)
  const other = {
    ...files,
    'node_modules/d/package.json': '{ "name": "d", "version": "3.0.0", "type": "module", "exports": "./index.js" }',
  }
  const { manifest } = await new TemporaryProject(other).closure('withD')
  expect(manifest.packages).toMatchObject([{ name: 'd', version: '3.0.0' }])
})

test('a linked package is treated as source of the project', async () => {
  const project = new TemporaryProject({
    'steps.ts': `import { step } from '@cairn/kernel'\nimport { scale } from '@team/maths/scale'\nexport const main = step('main', { outputs: {}, run: () => scale(1) })`,
    'packages/maths/package.json': `{ "name": "@team/maths", "type": "module", "exports": { "./scale": { "require": "./no.cjs", "node": { "import": "./src/scale.ts" } } } }`,
    'packages/maths/src/scale.ts': 'export const scale = (x: number) => x * K\nconst K = 2\nexport const other = 1',
  })
  project.link('node_modules/@team/maths', project.path('packages/maths'))
  const { fingerprint, manifest } = await project.closure()
  expect(manifest.packages).toEqual([])
  expect(manifest.declarations.map(({ file }) => file)).toEqual([
    'steps.ts',
    'packages/maths/src/scale.ts',
    'packages/maths/src/scale.ts',
  ])
  expect((await project.emitted()).run()).toBe(2)

  project.write({
    'packages/maths/src/scale.ts': 'export const scale = (x: number) => x * K\nconst K = 2\nexport const other = 2',
  })
  expect(await project.fingerprint()).toBe(fingerprint)
  project.write({ 'packages/maths/src/scale.ts': 'export const scale = (x: number) => x * K\nconst K = 3' })
  expect(await project.fingerprint()).not.toBe(fingerprint)
})

test('self-references and private names resolve as in Node', async () => {
  const project = new TemporaryProject({
    'package.json': `{ "name": "own", "type": "module", "exports": { "./maths": "./maths.ts" }, "imports": { "#k": "./k.ts" } }`,
    'steps.ts': `import { step } from '@cairn/kernel'\nimport { scale } from 'own/maths'\nexport const main = step('main', { outputs: {}, run: () => scale(1) })`,
    'maths.ts': `import { K } from '#k'\nexport const scale = (x: number) => x * K`,
    'k.ts': 'export const K = 2',
  })
  const { manifest } = await project.closure()
  expect(manifest.declarations.map(({ file }) => file)).toEqual(['steps.ts', 'maths.ts', 'k.ts'])
})

test('the manifest lists the folder that each package is imported from', async () => {
  const project = new TemporaryProject(installed(base)).write({
    'steps.ts': `import { step } from '@cairn/kernel'\nimport { list } from '@cairn/kernel'\nimport { f } from './deep/f.ts'\nexport const main = step('main', { outputs: { a: list }, run: () => f() })`,
    'deep/f.ts': `import { a } from 'a'\nexport const f = () => a`,
  })
  const { imports, packages } = (await project.closure()).manifest
  expect(imports).toEqual({ '@cairn/kernel': '.', a: 'deep' })
  expect(packages).toMatchObject([{ name: 'a', version: '1.0.0', via: 1 }])
})

test('two installations under one specifier are refused', async () => {
  const project = new TemporaryProject(installed(base)).write({
    'steps.ts': `import { step } from '@cairn/kernel'\nimport { a } from 'a'\nimport { f } from './deep/f.ts'\nexport const main = step('main', { outputs: {}, run: () => [a, f] })`,
    'deep/f.ts': `import { a } from 'a'\nexport const f = () => a`,
    'deep/node_modules/a/package.json': '{ "name": "a", "version": "2.0.0" }',
  })
  const closure = await project.closure()
  expect(closure.manifest.packages).toMatchObject([{ version: '1.0.0' }, { version: '2.0.0' }])
  await expect(closure.emit()).rejects.toThrow(`two installations of 'a': through steps.ts and through deep/f.ts`)
})

test('real npm installations are read', async () => {
  const project = new TemporaryProject({
    'package.json': '{ "name": "p", "type": "module", "dependencies": { "d": "file:d" } }',
    'd/package.json': '{ "name": "d", "version": "1.2.3", "type": "module", "exports": "./index.js" }',
    'd/index.js': 'export const d = 1',
    'steps.ts': `import { step } from '@cairn/kernel'\nimport { d } from 'd'\nexport const main = step('main', { outputs: {}, run: () => d })`,
  })
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--install-links'], {
    cwd: project.root,
    stdio: 'ignore',
  })
  const before = await project.closure('main', { cache: 'cache' })
  expect(before.manifest.packages).toMatchObject([{ name: 'd', version: '1.2.3' }])
  project.write({ 'node_modules/d/index.js': 'export const d = 2' })
  utimesSync(project.path('node_modules/d/package.json'), 1, 1)
  expect((await project.closure('main', { cache: 'cache' })).fingerprint).not.toBe(before.fingerprint)
})

test('an import condition of Node is part of the fingerprint if a package uses it', async () => {
  const base = { a: { version: '1.0.0' }, d: { version: '1.0.0' } }
  const asking = { ...base, a: { version: '1.0.0', exports: { '.': { gpu: './gpu.js', default: './index.js' } } } }
  const fingerprint = (entries: Readonly<Record<string, Entry>>, options: string) => {
    vi.stubEnv('NODE_OPTIONS', options)
    return new TemporaryProject(installed(entries)).fingerprint('withA').finally(() => vi.unstubAllEnvs())
  }
  const plain = await fingerprint(asking, '')
  for (const options of ['--conditions=gpu', '-C gpu', '--enable-source-maps --conditions gpu'])
    expect(await fingerprint(asking, options)).not.toBe(plain)
  expect(await fingerprint(asking, '--conditions=other')).toBe(plain)
  expect(await fingerprint(base, '--conditions=gpu')).toBe(await fingerprint(base, ''))
})

test('an import condition of Node selects the file of a workspace', async () => {
  const files: Files = {
    'steps.ts': `import { step } from '@cairn/kernel'\nimport { x } from '#x'\nexport const main = step('main', { outputs: {}, run: () => x })`,
    'package.json': JSON.stringify({ type: 'module', imports: { '#x': { gpu: './gpu.ts', default: './cpu.ts' } } }),
    'gpu.ts': 'export const x = 1',
    'cpu.ts': 'export const x = 2',
  }
  const filesOf = async () =>
    (await new TemporaryProject(files).closure()).manifest.declarations.map(({ file }) => file)
  expect(await filesOf()).toContain('cpu.ts')
  vi.stubEnv('NODE_OPTIONS', '--conditions=gpu')
  expect(await filesOf().finally(() => vi.unstubAllEnvs())).toContain('gpu.ts')
})
