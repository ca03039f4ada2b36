import { afterAll, expect, test } from 'vitest'
import { TemporaryProject, type Files } from '../project.fixture.ts'
import { exactFile, Resolver } from './resolve.ts'

afterAll(() => TemporaryProject.removeAll())

const files: Files = {
  'package.json': JSON.stringify({
    name: 'own',
    type: 'module',
    exports: {
      '.': './main.js',
      './a': { require: './require.js', import: './import.js' },
      './nested': { browser: './no.js', node: { require: './require.js', default: { import: './import.js' } } },
      './lists': [{ require: './require.js' }, './import.js'],
      './pattern/*': './deep/*.js',
      './pattern/*.js': './deep/*.js',
      './pattern/closer/*': './deeper/*.js',
      './pattern/hidden/*': null,
      './twice/*': './deep/*/*.js',
      './order': { default: './main.js', import: './import.js' },
      './none': { require: './require.js' },
      './falls': { node: { browser: './no.js' }, default: './import.js' },
    },
    imports: {
      '#k': { require: './require.js', import: './import.js' },
      '#only': { require: './require.js' },
      '#deep/*': './deep/*.js',
      '#package': 'only-import',
      '#sub': { require: 'only-import', import: 'only-import/sub' },
      '#self': 'own/a',
      '#builtin': 'node:fs',
    },
  }),
  'main.js': '',
  'require.js': '',
  'import.js': '',
  'deep/x.js': '',
  'deep/x/x.js': '',
  'deep/hidden/x.js': '',
  'deeper/x.js': '',
  'inner/from.js': '',
  'node_modules/only-import/package.json':
    '{ "name": "only-import", "type": "module", "exports": { ".": { "import": "./i.js" }, "./sub": { "import": "./s.js" } } }',
  'node_modules/only-import/i.js': '',
  'node_modules/only-import/s.js': '',
  'node_modules/with-main/package.json': '{ "name": "with-main", "main": "lib" }',
  'node_modules/with-main/lib/index.js': '',
  'node_modules/with-main/other.js': '',
  'node_modules/without/package.json': '{ "name": "without" }',
  'node_modules/without/index.js': '',
  'node_modules/own/package.json': '{ "name": "own", "exports": { "./a": "./not-this.js" } }',
  'node_modules/own/not-this.js': '',
}
const specifiers = [
  ...['own', 'own/a', 'own/nested', 'own/lists', 'own/order', 'own/none', 'own/falls', 'own/absent'],
  ...['own/pattern/x', 'own/pattern/x.js', 'own/pattern/closer/x', 'own/pattern/hidden/x', 'own/twice/x'],
  ...['#k', '#only', '#deep/x', '#package', '#sub', '#self', '#builtin', '#absent'],
  ...['only-import', 'only-import/sub', 'only-import/absent', 'with-main', 'with-main/other.js', 'without', 'absent'],
]

test('every specifier resolves as in Node: conditions, nesting, patterns, lists, self-reference', () => {
  const project = new TemporaryProject(files).write({
    'ask.js': `const urls = ${JSON.stringify(specifiers)}.map((specifier) => {
      try { return import.meta.resolve(specifier, new URL('./inner/from.js', import.meta.url).href) } catch { return null }
    })
    console.log(JSON.stringify(urls))`,
  })
  const expected = JSON.parse(project.node('ask.js', '--experimental-import-meta-resolve')) as (string | null)[]
  const resolver = new Resolver()
  const found = specifiers.map((specifier) => {
    const resolved = resolver.resolve(specifier, project.path('inner/from.js'))
    const file =
      resolved.type === 'local' ? resolved.file : resolved.type === 'package' ? exactFile(resolved) : undefined
    return resolved.type === 'builtin' ? resolved.name : file === undefined ? null : `file://${file}`
  })
  const named = (urls: readonly (string | null)[]) => Object.fromEntries(specifiers.map((name, at) => [name, urls[at]]))
  expect(named(found)).toEqual(named(expected))
})
