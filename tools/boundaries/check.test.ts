import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { findViolations } from './check.ts'
import { findCycles } from './cycles.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** A copy of the project, which each test leaves as it was. */
const copy = mkdtempSync(join(tmpdir(), 'cairn-boundaries-'))
const originals = new Map<string, string>()
beforeAll(() => {
  for (const part of ['apps', 'libs', 'tools'])
    cpSync(join(ROOT, part), join(copy, part), {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)(\/|$)/.test(path),
    })
})
afterEach(() => {
  for (const [path, text] of originals) writeFileSync(path, text)
  originals.clear()
})
afterAll(() => rmSync(copy, { recursive: true }))

const change = (file: string, changed: (text: string) => string) => {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  if (!originals.has(path)) originals.set(path, text)
  writeFileSync(path, changed(text))
}
const add = (file: string, line: string) => change(file, (text) => `${line}\n${text}`)

it('finds no violation in this project', () => {
  expect(findViolations(copy)).toEqual([])
  expect(findCycles(copy)).toEqual([])
})

it.each([
  ['libs/kernel/src/json.ts', `import { z } from 'zod'`, 'may not import zod'],
  [
    'libs/kernel/src/json.ts',
    `import { folderStore } from '@cairn/drivers/store/folder'`,
    'may not import @cairn/drivers/store/folder',
  ],
  [
    'libs/kernel/src/json.ts',
    `import '../../drivers/src/store/folder.ts'`,
    'imports ../../drivers/src/store/folder.ts from outside its part',
  ],
  ['libs/kernel/src/json.ts', `import { Kind } from './index.ts'`, 'imports its own index.ts'],
  ['libs/kinds/src/json.ts', `const later = await import('commander')`, 'may not import commander'],
  ['libs/kinds/src/json.ts', `export * from '@cairn/embedded'`, 'may not import @cairn/embedded'],
  [
    'libs/pipelines/src/penguins/pipeline.ts',
    `import '@opentelemetry/api'`,
    'a step may not import @opentelemetry/api',
  ],
  ['libs/pipelines/src/penguins/pipeline.ts', `import 'kafkajs'`, 'a step may not import kafkajs'],
  ...[
    'libs/engine/src/engine.ts',
    'libs/drivers/src/events/memory.ts',
    'libs/stage/src/strategy.ts',
    'libs/embedded/src/run.ts',
    'apps/stage/src/settings.ts',
  ].flatMap((file) =>
    ['@opentelemetry/api', '@cairn/tracking/register'].map((name) => [
      file,
      `import '${name}'`,
      `may not import ${name}`,
    ]),
  ),
  ['libs/embedded/src/run.ts', `import '@cairn/cli'`, 'may not import @cairn/cli'],
])('refuses, in %s, %s', (file, line, message) => {
  add(file, line)
  expect(findViolations(copy)).toEqual([expect.stringContaining(`${file}: ${message}`)])
})

it('refuses a dependency that the table does not allow, and a part that has no row', () => {
  change('libs/kernel/package.json', (text) =>
    text.replace('"type": "module",', '"type": "module", "dependencies": { "zod": "4" },'),
  )
  expect(findViolations(copy)).toEqual(['libs/kernel/package.json: may not depend on zod'])
  cpSync(join(copy, 'libs/kinds'), join(copy, 'libs/more'), { recursive: true })
  expect(findViolations(copy)[0]).toContain('libs/more: has no row in the import table')
  rmSync(join(copy, 'libs/more'), { recursive: true })
})

it.each([
  ['an import', `import { canonical } from './json.ts'`],
  ['a type import', `import type { Json } from './json.ts'`],
  ['a re-export', `export { canonical } from './json.ts'`],
  ['a dynamic import', `const later = import('./json.ts')`],
  ['the type of a module', `type Later = typeof import('./json.ts')`],
])('refuses a cycle of two files by %s', (_, line) => {
  add('libs/kernel/src/errors.ts', line) // which json.ts imports
  expect(findCycles(copy)).toEqual([
    'import cycle: libs/kernel/src/errors.ts -> libs/kernel/src/json.ts -> libs/kernel/src/errors.ts',
  ])
})

it('names the files of a longer cycle in the order in which they import each other, also by a package of the project', () => {
  add('libs/secrets/src/parts.ts', `import type {} from '@cairn/secrets'`)
  expect(findCycles(copy)).toContain(
    'import cycle: libs/secrets/src/index.ts -> libs/secrets/src/secrets.ts -> libs/secrets/src/parts.ts -> libs/secrets/src/index.ts',
  )
})

it('leaves cycles between tests alone', () => {
  add('libs/kernel/src/json.test.ts', `import './errors.test.ts'`)
  add('libs/kernel/src/errors.test.ts', `import './json.test.ts'`)
  expect(findCycles(copy)).toEqual([])
})

it('fails the build', () => {
  const check = () => spawnSync(process.execPath, [join(ROOT, 'tools/boundaries/check.ts'), copy], { encoding: 'utf8' })
  expect(check().status).toBe(0)
  add('libs/kernel/src/json.ts', `import 'zod'`)
  const { status, stderr } = check()
  expect([status, stderr]).toEqual([1, 'libs/kernel/src/json.ts: may not import zod\n'])
  add('libs/kernel/src/errors.ts', `import type { Json } from './json.ts'`)
  expect(check().stderr).toBe(
    'libs/kernel/src/json.ts: may not import zod\nimport cycle: libs/kernel/src/errors.ts -> libs/kernel/src/json.ts -> libs/kernel/src/errors.ts\n',
  )
})
