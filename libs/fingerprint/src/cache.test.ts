import { hash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { Cache } from './cache.ts'
import { TemporaryProject } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const STEPS = `import { step } from '@cairn/kernel'\nimport { a } from './a.ts'\nexport const main = step('main', { outputs: {}, run: () => a })\n`
const project = () => new TemporaryProject({ 'steps.ts': STEPS, 'a.ts': 'export const a = 1' })
const cached = (p: TemporaryProject) => p.closure('main', { cache: 'cache' })

test('a closure from the cache equals a computed one', async () => {
  const p = project()
  const [first, second, without] = [await cached(p), await cached(p), await p.closure()]
  expect(second.manifest).toEqual(first.manifest)
  expect(second.manifest).toEqual(without.manifest)
  expect(await second.emit()).toBe(await without.emit())
})

test('a warm cache loads no parser', () => {
  const p = project()
  p.write({
    'host.ts': `import { registerHooks } from 'node:module'
const loaded: string[] = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
const { closures } = await import('${new URL('./closures.ts', import.meta.url).href}')
const { main } = await import('./steps.ts')
const set = await closures({ steps: [main], entry: import.meta.dirname + '/steps.ts', root: import.meta.dirname, cache: import.meta.dirname + '/cache' })
console.log(JSON.stringify({ loaded: loaded.filter((url) => /oxc|magic-string|analyse\\/analyse|emit\\//.test(url)).length, fingerprint: set.body(main).fingerprint }))`,
  })
  const [cold, warm] = [JSON.parse(p.node('host.ts')), JSON.parse(p.node('host.ts'))]
  expect(cold.loaded).toBeGreaterThan(0)
  expect(warm).toEqual({ loaded: 0, fingerprint: cold.fingerprint })
})

test('emitted code is cached while its modules stay the same, separately for each of two equal steps', async () => {
  const p = project()
  p.write({ 'steps.ts': `${STEPS}export const same = step('same', { outputs: {}, run: () => a })\n` })
  const [main, same] = [await cached(p), await p.closure('same', { cache: 'cache' })]
  expect(same.fingerprint).toBe(main.fingerprint)
  expect(main.emitted).toBeUndefined()
  const digests = [hash('sha256', await main.emit()), hash('sha256', await same.emit())]
  await setImmediate() // `saveSoon` has saved by then
  const known = async () => [(await cached(p)).emitted, (await p.closure('same', { cache: 'cache' })).emitted]
  expect(await known()).toEqual(digests)
  expect(digests[0]).not.toBe(digests[1])
  p.write({ 'a.ts': '\nexport const a = 1' })
  expect((await cached(p)).fingerprint).toBe(main.fingerprint)
  expect(await known()).toEqual([undefined, undefined])
})

test('state that a step changes is reported at its own line, even if an equal step was analysed before', async () => {
  const counting = (name: string) => `export const ${name} = step('${name}', { outputs: {}, run: () => n++ })`
  const p = new TemporaryProject({
    'steps.ts': `import { step } from '@cairn/kernel'\nlet n = 0\n${counting('main')}\n${counting('same')}\n`,
  })
  const linesOf = async (name: string) => {
    const { manifest } = await p.closure(name, { cache: 'cache' })
    await setImmediate() // `saveSoon` has saved by then
    return manifest.reaches.filter(({ what }) => what === 'state').map(({ line }) => line)
  }
  expect([await linesOf('main'), await linesOf('same')]).toEqual([[3], [4]])
})

test('an edit is detected even if the time and size of the file stay the same', async () => {
  const p = project()
  const before = await cached(p)
  p.write({ 'a.ts': 'export const a = 2' })
  expect((await cached(p)).fingerprint).not.toBe(before.fingerprint)
})

test('a deleted, damaged or foreign cache is ignored', async () => {
  const p = project()
  const { fingerprint } = await cached(p)
  const [file] = readdirSync(p.path('cache'))
  const path = p.path(`cache/${file}`)
  const whole = readFileSync(path, 'utf8')
  const damages = [
    '',
    'garbage',
    '\0\0',
    whole.slice(0, whole.length / 2),
    whole.replaceAll(/"hash":"./g, '"hash":"x'),
    whole.replaceAll('"refs"', '"fers"'),
    whole.replaceAll(' ', ''),
  ]
  for (const damaged of damages) {
    writeFileSync(path, damaged)
    expect((await cached(p)).fingerprint).toBe(fingerprint)
  }
  rmSync(p.path('cache'), { recursive: true })
  expect((await cached(p)).fingerprint).toBe(fingerprint)
  rmSync(p.path('cache'), { recursive: true })
  writeFileSync(p.path('cache'), 'a file where a folder should be')
  expect((await cached(p)).fingerprint).toBe(fingerprint)
})

test('entries of concurrent writers are kept, and old entries are dropped eventually', () => {
  const folder = new TemporaryProject().path('cache')
  const [one, two] = [new Cache(folder), new Cache(folder)]
  one.set('one', 1)
  two.set('two', { a: 'b c\n' })
  one.save()
  two.save()
  const read = new Cache(folder)
  expect([read.get('one'), read.get('two'), read.get('three')]).toEqual([1, { a: 'b c\n' }, undefined])

  const many = new Cache(folder)
  for (let n = 0; n < 3_000; n++) many.set(`n${n}`, n)
  many.save()
  const after = new Cache(folder)
  expect([after.get('n2999'), after.get('one')]).toEqual([2999, undefined])
  expect(readdirSync(folder)).toHaveLength(1)
})
