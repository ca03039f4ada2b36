import { describe, expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const pipelineWith = (line: string) => `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'


${line}
export const s = step('s', { outputs: { v: json<unknown>() }, run: () => ({ v: [3, 1, 2] }) })
export const p = pipeline('p', () => s({}))
`

describe('an error that makes Node refuse a module', () => {
  it('is reported with file, line and column', async () => {
    const project = new CliProject({
      'a.json': '{}',
      'a.tsx': 'export const x = 1',
      'a.txt': 'x',
      'b.ts': 'export const y = 1',
      'bad.json': '\n\n{ bad',
      'dup.ts': '\n\n  const a = 1, a = 2',
      'open.ts': '\n\nexport const y = (',
      'names.ts': '\n\nimport { none } from "./b.ts"',
    })
    const lines: Readonly<Record<string, string>> = {
      "import x from './a.json'": "p.pipeline.ts:5:1 imports './a.json' without an attribute",
      "const x = await import('./a.json')": "p.pipeline.ts:5:17 imports './a.json' without an attribute",
      "import x from './a.json' assert { type: 'json' }": `p.pipeline.ts:5:1 imports './a.json' with "assert"`,
      "import x from './bad.json' with { type: 'json' }": 'bad.json:3:3 is not valid JSON',
      "import { x } from './a.tsx'": "p.pipeline.ts:5:1 imports './a.tsx', but Node cannot run",
      "import './a.txt'": "p.pipeline.ts:5:1 imports './a.txt', but Node cannot run",
      'let a = 1; let a = 2': 'p.pipeline.ts:5:16 syntax error: Identifier `a` has already been declared',
      "import './dup.ts'": 'dup.ts:3:16 syntax error: Identifier `a` has already been declared',
      "import { y } from './b.ts'; const y = 1": 'p.pipeline.ts:5:10 imports y, which the module also declares',
      'class A { #x; #x }': 'p.pipeline.ts:5:15 syntax error',
      'const x = ;': 'p.pipeline.ts:5:11 syntax error',
      "import './open.ts'": 'open.ts:3:19 syntax error',
      "import { nope } from './b.ts'": `p.pipeline.ts:5:10 imports "nope" from './b.ts', which does not export it`,
      "import './names.ts'": `names.ts:3:10 imports "none" from './b.ts', which does not export it`,
      "import { gone } from 'zod'": `p.pipeline.ts:5:10 imports "gone" from 'zod', which does not export it`,
      "import { z } from 'zod/none'": "p.pipeline.ts:5:1 cannot import 'zod/none'",
      "import './none.ts'": "p.pipeline.ts:5:1 imports './none.ts', which does not exist",
      "await import('./none.ts')": "p.pipeline.ts:5:7 imports './none.ts', which does not exist",
      'enum E { A }': 'p.pipeline.ts:5:1 uses an enum',
    }
    for (const [line, message] of Object.entries(lines)) {
      project.write({ 'p.pipeline.ts': pipelineWith(line) })
      const { code, stdout, stderr } = await project.cairn('plan')
      expect(`${code} ${stdout}${stderr}`, line).toContain(`1 error  ${message}`)
    }
  }, 120_000)
})

describe('a module that throws an uncaught error', () => {
  const next = 'await each promise, and catch errors in callbacks of timers and events'
  const never = 'setInterval(() => {}, 1_000); await new Promise(() => {})'
  const lines: Readonly<Record<string, string>> = {
    "void Promise.reject(new Error('alone'))": 'alone',
    [`setTimeout(() => { throw new Error('in a timer') }); ${never}`]: 'in a timer',
    [`process.nextTick(() => { throw new Error('in a tick') }); ${never}`]: 'in a tick',
    [`queueMicrotask(() => { throw new Error('in a task') }); ${never}`]: 'in a task',
    "import { EventEmitter } from 'node:events'; setImmediate(() => new EventEmitter().emit('error', new Error('told'))); await new Promise(() => {})":
      'told',
  }
  const project = new CliProject({})
  it.for(Object.entries(lines))('ends the command with one error that names the line: %s', async ([line, text]) => {
    project.write({ 'p.pipeline.ts': pipelineWith(line) })
    const message = `uncaught error at p.pipeline.ts:5: ${text}`
    expect(await project.cairn('plan')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `error  ${message}\nnext   ${next}\n`,
    })
    const { stdout } = await project.cairn('plan', '--json')
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'BAD_DEFINITION', message, next } })
  })

  it('reports only the first error if another one ends the command', async () => {
    const line = "void Promise.reject(new Error('alone')); await Promise.reject(new Error('awaited'))"
    project.write({ 'p.pipeline.ts': pipelineWith(line) })
    const { code, stdout } = await project.cairn('plan', '--json')
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { error: { message: expect.stringMatching(/^p.pipeline.ts:5 /) } },
    ])
  })
})

describe('a module that changes a JavaScript built-in', () => {
  it('is refused with the name of the built-in', async () => {
    const project = new CliProject({ 'p.pipeline.ts': pipelineWith("import './w.ts'") })
    const changes: Readonly<Record<string, string>> = {
      'const own = JSON.stringify; JSON.stringify = ((...given: [any]) => own(...given)) as any': 'JSON.stringify',
      'Object.entries = (() => []) as any': 'Object.entries',
      "String.prototype.replace = function () { return 'x' } as any": 'String.prototype.replace',
      'Promise.prototype.then = new Proxy(Promise.prototype.then, {})': 'Promise.prototype.then',
      'globalThis.Date = class extends Date { static now() { return 0 } } as any': 'Date',
      'delete (globalThis as any).structuredClone': 'structuredClone',
      'Array.prototype[Symbol.iterator] = function* () {} as any': 'Array.prototype[Symbol.iterator]',
      '(Object.prototype as any).error = 1': 'Object.prototype.error',
      '(Array.prototype as any).toJSON = () => 1': 'Array.prototype.toJSON',
      'Object.setPrototypeOf(Array.prototype, { toJSON: () => 1 })': 'the prototype of Array.prototype',
    }
    for (const [line, name] of Object.entries(changes)) {
      project.write({ 'w.ts': line })
      const { code, stdout, stderr } = await project.cairn('run', '--progress', 'none')
      expect(`${code} ${stdout}${stderr}`, line).toContain(
        `1 error  p.pipeline.ts, or a module that it imports, modifies the JavaScript built-in ${name}\nnext   `,
      )
    }
    // As packages do: no record holds a set.
    const set = '(Set.prototype as any).toJSON = function () { return [...this] }'
    project.write({ 'w.ts': `(Array.prototype as any).last = function () { return this.at(-1) };${set}` })
    const { code, steps } = await project.run()
    expect(code).toBe(0)
    expect(steps['s']?.outputs?.['v']?.text).toBe('[3,1,2]')
  }, 90_000)
})
