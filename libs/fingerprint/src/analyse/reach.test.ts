import { afterAll, describe, expect, test } from 'vitest'
import { TemporaryProject, type Files } from '../project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const main = (body: string, top = '') =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: {}, run: ${body} })\n`
const reached = async (files: Files | string) =>
  (await new TemporaryProject(files).closure()).manifest.reaches.map(({ what, detail }) => `${what}: ${detail}`)

describe('a step is reported to use', () => {
  test.each([
    ['clock: Date.now()', '() => Date.now()'],
    ['clock: Date.now', '() => [1].map(Date.now)'],
    ['clock: new Date()', '() => new Date()'],
    ['clock: new Date(…)', '(...a) => new (Date as any)(...a)'],
    ['clock: Date()', '() => Date()'],
    ['clock: Date', '() => class extends Date {}'],
    ['clock: Date', '() => { const D = Date; return new D() }'],
    ['clock: performance.now()', '() => performance.now()'],
    ['clock: Temporal.Now.instant()', '() => Temporal.Now.instant()'],
    ['clock: process.hrtime()', '() => process.hrtime()'],
    ['clock: globalThis.Date.now()', '() => globalThis.Date.now()'],
    ['clock: new File(…)', "() => new File(['x'], 'n').lastModified"],
    ['clock: new Event(…)', "() => new Event('x').timeStamp"],
    ['clock: format() of the current time', "() => new Intl.DateTimeFormat('en').format()"],
    ['clock: formatToParts() of the current time', '() => Intl.DateTimeFormat().formatToParts()'],
    ['clock: format() of the current time', "() => { const f = new Intl.DateTimeFormat('en'); return f.format() }"],
    ['randomness: URL.createObjectURL(…)', '() => URL.createObjectURL(new Blob([]))'],
    ['randomness: Math.random()', '() => Math.random()'],
    ['randomness: Math.random()', `() => Math['random']()`],
    ['randomness: Math.random()', '() => Math?.random()'],
    ['randomness: globalThis.Math.random()', '() => globalThis.Math.random()'],
    ['randomness: Math.random', '() => { const { random } = Math; return random() }'],
    ['randomness: Math', '() => { const M = Math; return M.random() }'],
    ['randomness: Math', '(key) => Math[key]()'],
    ['randomness: Math', '() => { const { max, ...rest } = Math; return rest }'],
    ['randomness: crypto.randomUUID()', '() => crypto.randomUUID()'],
    ['randomness: crypto.getRandomValues(…)', '(a) => crypto.getRandomValues(a)'],
    ['environment: process.env.HOME', '() => process.env.HOME'],
    ['environment: process.argv', '() => process.argv'],
    ['environment: process', '() => { const p = process; return p }'],
    ['environment: process.env', '() => { const { env } = process; return env }'],
    ['environment: navigator.hardwareConcurrency', '() => navigator.hardwareConcurrency'],
    ['environment: CONFIG', '() => CONFIG'],
    ['environment: globalThis.CONFIG', '() => globalThis.CONFIG'],
    ['dynamic code: globalThis', '(key) => globalThis[key]'],
    ['dynamic code: eval(…)', `(a) => eval(a)`],
    ['dynamic code: new Function(…)', `() => new Function('return 1')`],
    ['dynamic code: Function(…)', `() => Function('return 1')`],
    ['dynamic code: import(…)', '(a) => import(a)'],
    ['dynamic code: require(…)', `() => require('a')`],
    ['network: fetch(…)', `() => fetch('a')`],
    ['network: new WebSocket(…)', `() => new WebSocket('a')`],
    [`files: import('node:fs')`, `() => import('node:fs')`],
    ['console: console.log(…)', `() => console.log('a')`],
  ])('%s in %s', async (expected, body) => {
    expect(await reached(main(body))).toContain(expected)
  })

  test.each([
    ['files: readFile(…)', `import { readFile } from 'node:fs/promises'`, `() => readFile('a')`],
    ['files: fs.readFileSync(…)', `import fs from 'fs'`, `() => fs.readFileSync('a')`],
    ['files: fs.readFileSync(…)', `import * as fs from 'node:fs'`, `() => fs.readFileSync('a')`],
    ['files: fs', `import * as fs from 'node:fs'`, '() => fs'],
    ['files: read(…)', `import { readFileSync as read } from 'node:fs'`, `() => read('a')`],
    ['network: request(…)', `import { request } from 'node:https'`, `() => request('a')`],
    ['processes: spawn(…)', `import { spawn } from 'node:child_process'`, `() => spawn('a')`],
    ['processes: new Worker(…)', `import { Worker } from 'node:worker_threads'`, `() => new Worker('a')`],
    ['environment: os.cpus()', `import os from 'node:os'`, '() => os.cpus()'],
    ['environment: env.HOME', `import { env } from 'node:process'`, '() => env.HOME'],
    ['randomness: randomBytes(…)', `import { randomBytes } from 'node:crypto'`, '() => randomBytes(8)'],
    ['randomness: crypto.randomUUID()', `import crypto from 'node:crypto'`, '() => crypto.randomUUID()'],
    ['clock: performance.now()', `import { performance } from 'node:perf_hooks'`, '() => performance.now()'],
    ['dynamic code: createRequire(…)', `import { createRequire } from 'node:module'`, `() => createRequire('a')`],
    ['randomness: Math.random', 'const { random } = Math', '() => random()'],
  ])('%s with %s', async (expected, top, body) => {
    expect(await reached(main(body, top))).toContain(expected)
  })

  test.each([
    'import.meta',
    'import.meta.url',
    'import.meta.dirname',
    'import.meta.filename',
    `import.meta.resolve('a')`,
  ])('its own path through %s, which is refused', async (asked) => {
    await expect(reached(main(`() => ${asked}`))).rejects.toThrow('a step does not run where its source file is')
  })

  test('what another module of the project re-exports', async () => {
    const files = {
      'steps.ts': main(`() => read('a')`, `import { read } from './io.ts'`),
      'io.ts': `export { readFileSync as read } from 'node:fs'`,
    }
    expect(await reached(files)).toEqual(['files: readFileSync'])
  })
})

describe('a step is not reported to use anything', () => {
  test.each([
    '(Date) => Date.now()',
    '({ fetch }) => fetch()',
    '() => { const process = { env: 1 }; return process.env }',
    '(a) => new Date(a)',
    '(a) => a instanceof Date',
    '() => Date.UTC(2020, 1)',
    '() => Math.max(1, 2)',
    '() => { const { max, min } = Math; return max(1, min(2, 3)) }',
    '(a) => a.process.env',
    '() => ({ process: 1, fetch: 2 })',
    '() => setTimeout(() => {}, 1)',
    '() => [Object, Array, Map, undefined, NaN, Infinity, structuredClone, URL, Buffer, Intl, TextEncoder]',
    '(a: Date, b: typeof process) => a as unknown as Math',
    '() => crypto.subtle.digest("SHA-256", new Uint8Array())',
    '() => globalThis.Math.max(1, 2)',
    '() => function () { return arguments.length + (new.target ? 1 : 0) }',
    'async () => (await import("node:path")).join("a")',
  ])('by %s', async (body) => {
    expect(await reached(main(body))).toEqual([])
  })

  test('by pure computation', async () => {
    const top = `import { join } from 'node:path'\nimport { createHash } from 'node:crypto'\nimport { inspect } from 'util'`
    expect(await reached(main(`() => [join('a'), createHash('md5'), inspect(1)]`, top))).toEqual([])
  })
})

test('a finding names its location and declaration', async () => {
  const files = {
    'steps.ts': main('() => now()', `import { now } from './time.ts'`),
    'time.ts': '\nexport const now = () =>\n  Date.now()',
  }
  const { declarations, reaches } = (await new TemporaryProject(files).closure()).manifest
  expect(reaches).toEqual([{ what: 'clock', detail: 'Date.now()', line: 3, via: 1 }])
  expect(declarations[1]).toMatchObject({ name: 'now()', file: 'time.ts', line: 2 })
})
