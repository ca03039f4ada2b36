import { afterAll, describe, expect, test } from 'vitest'
import { TemporaryProject } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const importing = (imports: string) =>
  `import { step } from '@cairn/kernel'\n${imports}\nexport const main = step('main', { outputs: {}, run: () => a })\n`

describe('code that cannot be extracted is refused with its location', () => {
  test.each([
    ['enum a { x }', 'a.ts:2:8 uses an enum'],
    ['export namespace a { export const x = 1 }', 'a.ts:2:8 uses a namespace with values'],
    ['export class a { constructor(private x: number) {} }', 'a.ts:2:30 uses a parameter property'],
    ['export class a { @logged m() {} }', 'a.ts:2:18 uses a decorator'],
    ['@logged export class a {}', 'a.ts:2:16 uses a decorator'],
    ['export class a { accessor x = 1 }', 'a.ts:2:18 uses an accessor field'],
    ['export const a = <string>"x"', 'a.ts:2:18 uses a type assertion in angle brackets'],
    ['export const a = {', 'a.ts:2:19 syntax error'],
    ['export { a } from "./none.ts"', `a.ts:2 imports './none.ts', which does not exist`],
    ['export { a } from "none"', `a.ts:2 imports 'none', which cannot be found`],
    ['export { none as a } from "./b.ts"', `a.ts:2 imports "none" from './b.ts', which does not export it`],
    ['export const b = 1', `steps.ts:2 imports "a" from './a.ts', which does not export it`],
    ['export { a } from "./c.cjs"', 'c.cjs:1 is a CommonJS module'],
    ['export { a } from "./d.js"', 'd.js:1 is a CommonJS module'],
    ['export { a } from "./e.node"', 'e.node:1 is not a module that can be fingerprinted'],
    [
      'export * from "./b.ts"\nexport * from "./f.ts"\nexport { a } from "./g.ts"',
      'g.ts:1 exports "a" from several modules',
    ],
    ['import * as b from "./h.ts"\nexport const a = b', `h.ts:1 re-exports all of 'node:path'`],
  ])('%s', async (text, message) => {
    const project = new TemporaryProject({
      'steps.ts': importing(`import { a } from './a.ts'`),
      'a.ts': `\n${text.replace(/^enum/, 'export enum')}`,
      'b.ts': 'export const b = 1',
      'c.cjs': 'exports.a = 1',
      'd.js': 'module.exports = { a: 1 }',
      'e.node': '',
      'f.ts': 'export const f = 1',
      'g.ts': `export * from './g1.ts'\nexport * from './g2.ts'`,
      'g1.ts': 'export const a = 1',
      'g2.ts': 'export const a = 1',
      'h.ts': `export * from 'node:path'`,
    })
    await expect(project.closure()).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      message: expect.stringContaining(message),
    })
  })

  test('when it is nested too deeply', async () => {
    const sum = Array.from({ length: 20_000 }, (_, n) => `'${n}'`).join(' + ')
    const project = new TemporaryProject({
      'steps.ts': importing(`import { a } from './a.ts'`),
      'a.ts': `export const a = ${sum}`,
    })
    await expect(project.closure()).rejects.toThrow('a.ts:1 is nested too deeply')
  })

  test('with the command that fixes it', async () => {
    const project = new TemporaryProject(importing(`import { a } from '@scope/none'`))
    await expect(project.closure()).rejects.toMatchObject({ next: 'npm install @scope/none' })
  })

  test('when it is JSX', async () => {
    const project = new TemporaryProject({
      'steps.ts': importing(`import { a } from './a.tsx'`),
      'a.tsx': 'export const a = <b />',
    })
    await expect(project.closure()).rejects.toThrow('a.tsx:1:18 uses JSX')
  })
})

test('unused code is not refused, and the closure can still be emitted', async () => {
  const project = new TemporaryProject({
    'steps.ts': importing(
      `import { a } from './a.ts'\nimport { broken } from './broken.ts'\nimport './types.ts'\nexport const other = broken`,
    ),
    'a.ts':
      'export enum E { x }\nexport const a = 1\nexport class P { constructor(private x: number) {} }\nimport { gone } from "./gone.ts"\nexport const b = gone',
    'broken.ts': 'export const broken = {',
    'types.ts':
      'declare enum D { x }\ndeclare namespace N { const x: number }\nnamespace T { export type X = 1 }\ndeclare global { var q: number }\ndeclare module "x" {}\nexport {}',
  })
  expect((await project.emitted()).run()).toBe(1)
})

test('an entry that does not exist is refused', async () => {
  const project = new TemporaryProject()
  await expect(project.closure('main', { entry: 'none.ts' })).rejects.toThrow('none.ts')
})
