import { chmodSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { TemporaryProject, type Files } from './project.fixture.ts'

afterEach(() => TemporaryProject.removeAll())

const head = `
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path, { dirname, join, resolve } from 'node:path'
import * as paths from 'node:path'
import { fileURLToPath } from 'node:url'
import { step } from '@cairn/kernel'
`
const main = (value: string, top = ''): Files => ({
  'lib/helper.ts': `${head}${top}\nexport const read = () => ${value}\n`,
  'steps.ts': `import { step } from '@cairn/kernel'\nimport { read } from './lib/helper.ts'\nexport const main = step('main', { outputs: {}, run: () => read() })\nexport const other = step('other', { outputs: {}, run: () => 1 })`,
  'lib/x.txt': 'first',
  'data/y z.json': '{ "a": [1] }',
})

const forms: [value: string, top?: string][] = [
  [`readFileSync(new URL('./x.txt', import.meta.url), 'utf8')`],
  [`readFileSync(fileURLToPath(new URL('x.txt', import.meta.url)), 'utf8')`],
  [`readFileSync(fileURLToPath(new URL('../lib/x.txt', import.meta.url).href), 'utf8')`],
  [`readFileSync(join(import.meta.dirname, 'x.txt'), 'utf8')`],
  [`readFileSync(path.join(import.meta.dirname, '..', 'lib', 'x.txt'), 'utf8')`],
  [`readFileSync(paths.resolve(import.meta.dirname, 'x.txt'), 'utf8')`],
  ['readFileSync(`${import.meta.dirname}/x.txt`, "utf8")'],
  [`readFileSync(import.meta.dirname + '/x.txt', 'utf8')`],
  [`readFileSync(fileURLToPath(import.meta.resolve('./x.txt')), 'utf8')`],
  [`readFileSync(createRequire(import.meta.url).resolve('./x.txt'), 'utf8')`],
  [`readFileSync(file, 'utf8')`, `const file = new URL('./x.txt', import.meta.url)`],
  [
    `readFileSync(join(__dirname, 'x.txt'), 'utf8')`,
    `const __filename = fileURLToPath(import.meta.url)\nconst __dirname = dirname(__filename)`,
  ],
  [
    `readFileSync(resolve(folder, name), 'utf8')`,
    `const name = 'x.txt'\nconst folder = path.join(import.meta.dirname, '../lib')`,
  ],
  [`text`, `const text = readFileSync(new URL('./x.txt', import.meta.url), 'utf8')`],
  [`((files) => files + readFileSync(new URL('./x.txt', import.meta.url), 'utf8'))('')`],
  [
    `(() => { const name = 'x.txt'; const file = join(import.meta.dirname, name); return readFileSync(file, 'utf8') })()`,
  ],
  [
    `readFileSync(new URL('./x.txt', import.meta.url), 'utf8') + readFileSync(new URL('./x.txt', import.meta.url), 'utf8').slice(5)`,
  ],
]

describe('a data file that a module names is part of the code that uses it', () => {
  test.each(forms)('%s %s', async (value, top) => {
    const project = new TemporaryProject(main(value, top))
    expect((await project.emitted()).run()).toBe('first')
    expect((await project.closure()).manifest.reaches).toEqual([])
    const [before, other] = [await project.fingerprint(), await project.fingerprint('other')]
    project.write({ 'lib/x.txt': 'second' })
    expect((await project.emitted()).run()).toMatch(/^second/)
    expect(await project.fingerprint()).not.toBe(before)
    expect(await project.fingerprint('other')).toBe(other)
    project.write({ 'lib/x.txt': 'first' })
    expect(await project.fingerprint()).toBe(before)
    project.remove('lib/x.txt')
    await expect(project.closure()).rejects.toThrow(/lib\/helper.ts:\d+ names the file '.*x.txt', which does not exist/)
    expect(await project.fingerprint('other')).toBe(other)
  })

  test.each([
    [`createRequire(import.meta.url)('../data/y z.json').a[0]`, ''],
    [`require('../data/y z.json').a[0]`, 'const require = createRequire(import.meta.url)'],
    [
      `require('../data/y z.json').a[0] + require('../data/y z.json').a.length - 1`,
      'const require = createRequire(import.meta.filename)',
    ],
    [`JSON.parse(readFileSync(new URL('../data/y%20z.json', import.meta.url), 'utf8')).a[0]`, ''],
    [`JSON.parse(readFileSync(join(import.meta.dirname, '../data/y z.json'), 'utf8')).a[0]`, ''],
  ])('JSON: %s', async (value, top) => {
    const project = new TemporaryProject(main(value, top))
    const before = await project.fingerprint()
    expect((await project.emitted()).run()).toBe(1)
    project.write({ 'data/y z.json': '{ "a": [2] }' })
    expect((await project.emitted()).run()).toBe(2)
    expect(await project.fingerprint()).not.toBe(before)
  })

  test('with all its bytes, at the right path relative to the other files that the code names', async () => {
    const value = `[...readFileSync(new URL('./b.bin', import.meta.url)), path.relative(fileURLToPath(new URL('./b.bin', import.meta.url)), join(import.meta.dirname, '../data/y z.json'))]`
    const project = new TemporaryProject(main(value))
    const { writeFileSync } = await import('node:fs')
    writeFileSync(project.path('lib/b.bin'), Buffer.from([0, 255, 13, 10, 128, 0xef, 0xbb, 0xbf]))
    expect((await project.emitted()).run()).toEqual([0, 255, 13, 10, 128, 0xef, 0xbb, 0xbf, '../../data/y z.json'])
  })

  test('a changed or removed copy is restored', async () => {
    const { carriedFiles } = await import('@cairn/kernel')
    const { keepCarriedFiles } = await import('@cairn/kernel/contract')
    const { dirname } = await import('node:path')
    const { readFileSync, rmSync, writeFileSync } = await import('node:fs')
    const given = { 'a.txt': Buffer.from(`bytes ${Math.random()}`).toString('base64') }
    const file = carriedFiles(given)['a.txt']!
    const { path } = file
    const before = readFileSync(path)
    chmodSync(path, 0o600)
    writeFileSync(path, 'other')
    expect(readFileSync(carriedFiles(given)['a.txt']!.path)).toEqual(before)
    rmSync(path)
    expect(readFileSync(carriedFiles(given)['a.txt']!.path)).toEqual(before)
    rmSync(dirname(path), { recursive: true })
    expect(readFileSync(new URL(file.href))).toEqual(before)
    chmodSync(path, 0o600)
    writeFileSync(path, before.toString().replace('b', 'B'))
    expect(readFileSync(file.path)).toEqual(before)
    rmSync(dirname(path), { recursive: true })
    keepCarriedFiles()
    expect(readFileSync(path)).toEqual(before)
  })
})

describe('a file that cannot be included is refused with file, line and alternative', () => {
  test.each([
    [`readFileSync(new URL('./no.txt', import.meta.url))`, "names the file './no.txt', which does not exist"],
    [`readFileSync(new URL('.', import.meta.url))`, 'uses import.meta.url'],
    [`readFileSync(new URL('../data', import.meta.url))`, "names the file '../data', which is a folder"],
    [`readFileSync(new URL('../data/', import.meta.url))`, 'which is a folder'],
    [`readFileSync(join(import.meta.dirname, '../../../etc/passwd'))`, 'which is outside the project'],
    [`readFileSync(resolve(import.meta.dirname, '/etc/hostname'))`, 'which is outside the project'],
    [`readFileSync(new URL('./linked.txt', import.meta.url))`, 'which is reached through a symbolic link'],
    [`readFileSync(new URL('./helper.ts', import.meta.url))`, 'which is code'],
    [`readFileSync(new URL('./x.txt?raw', import.meta.url))`, 'has a ? or # part, which a file path cannot have'],
    [`readFileSync(new URL('./large.bin', import.meta.url))`, 'but the limit for files in code is 5 MB'],
    ['readFileSync(new URL(`./${process.argv[2]}.txt`, import.meta.url))', 'uses import.meta.url'],
    [`readFileSync(join(import.meta.dirname, process.argv[2]))`, 'uses import.meta.dirname'],
    [`createRequire(import.meta.url)('./helper.cjs')`, 'uses import.meta.url'],
    [`createRequire(import.meta.url)('zod')`, 'uses import.meta.url'],
    [`import.meta.resolve('zod')`, 'uses import.meta.resolve'],
    ["import('./' + process.argv[2])", 'imports import(…), a path that is not literal'],
    ['import(`./${process.argv[2]}.ts`)', 'imports import(…), a path that is not literal'],
  ])('%s', async (value, message) => {
    const project = new TemporaryProject(main(value))
    project.write({ 'lib/large.bin': 'x'.repeat(5_000_001), 'lib/helper.cjs': '' })
    project.link('lib/linked.txt', project.path('lib/x.txt'))
    const refused = project.closure()
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ code: 'BAD_DEFINITION', next: expect.any(String) })
    await expect(refused).rejects.toThrow(/^lib\/helper.ts:9 /)
    expect(await project.fingerprint('other')).toMatch(/^[0-9a-f]{64}$/)
  })
})

test('a module that is imported twice in one function is included both times', async () => {
  const project = new TemporaryProject(
    main(`(async () => [(await import('./n.ts')).n, (await import(\`./n.ts\`)).n])()`),
  )
  project.write({ 'lib/n.ts': 'export const n = 1' })
  expect(await (await project.emitted()).run()).toEqual([1, 1])
})

test.each([
  'import.meta.main',
  'import.meta.url === pathToFileURL(process.argv[1]!).href',
  'process.argv[1] === fileURLToPath(import.meta.url)',
  'import.meta.filename === process.argv[1]',
])('code that only runs in the main module is not part of a step: %s', async (test) => {
  const top = `import { pathToFileURL } from 'node:url'\nexport let n = 1\nif (${test}) n = 2`
  expect((await new TemporaryProject(main('n', top)).emitted()).run()).toBe(1)
})
