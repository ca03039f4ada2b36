import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

interface Report {
  readonly files: readonly { readonly file: string; readonly ms: number }[]
  readonly failures: readonly { readonly where: string; readonly error: string }[]
}
interface Summary {
  readonly readReports: (folder: string) => Report
  readonly summary: (tasks: readonly object[], report: Report) => string[]
}

const ROOT = resolve(import.meta.dirname, '../..')
const { readReports, summary } = (await import(join(import.meta.dirname, 'summary.js'))) as Summary

it('names each target that failed, and each failing test with the first line of its error', () => {
  const tasks = [
    { target: 'lint', project: 'cairn', ok: false, ms: 12_000 },
    { target: 'test', project: '@cairn/cli', ok: true, ms: 100_000 },
    { target: 'test', project: '@cairn/kinds', ok: false, ms: 20_400 },
    { target: 'servers', project: 'cairn', ok: true, ms: 600_000 },
  ]
  const failures = [{ where: 'libs/kinds/src/x.test.ts > reads', error: 'expected 1 to be 2' }]
  expect(
    summary(tasks, {
      files: [
        { file: 'a.test.ts', ms: 1_000 },
        { file: 'b.test.ts', ms: 3_000 },
      ],
      failures,
    }),
  ).toEqual([
    'lint          12 s  FAILED',
    'test         120 s  FAILED  @cairn/kinds',
    'servers      600 s  passed',
    'slowest    b.test.ts 3 s, a.test.ts 1 s',
    'FAILED     libs/kinds/src/x.test.ts > reads: expected 1 to be 2',
  ])
})

it('fits into 20 lines, however much failed', () => {
  const failures = Array.from({ length: 500 }, (_, index) => ({
    where: `x.test.ts > ${'y'.repeat(500)} ${index}`,
    error: 'x'.repeat(999),
  }))
  const tasks = ['format', 'lint', 'typecheck', 'boundaries', 'deadcode', 'test', 'servers'].map((target) => {
    return { target, project: 'cairn', ok: false, ms: 1 }
  })
  const lines = summary(tasks, { files: [{ file: 'x.test.ts', ms: 1 }], failures })
  expect(lines.length).toBeLessThanOrEqual(20)
  expect(lines.at(-1)).toContain('and 490 more')
  expect(lines.at(-2)).toMatch(/^FAILED {5}x\.test\.ts > y+ … y+ 9: x+$/)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(400)
})

it('reports failures in tests, in hooks, while a file loads, and outside of tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-summary-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const reports = join(folder, 'reports')
  mkdirSync(reports)
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const test = { reporters: [join(ROOT, 'tools/setup/reporter.js')] }
  writeFileSync(join(folder, 'vitest.config.js'), `export default ${JSON.stringify({ test })}`)
  const files = {
    'fails.test.js': `describe('sums', () => { it('adds', () => expect(1 + 1).toBe(3)); it('holds', () => {}) })`,
    'hook.test.js': `describe('opens', () => { beforeAll(() => { throw new Error('no door') }); it('closes', () => {}) })`,
    'loads.test.js': `throw new Error('does not load\\nat all')`,
    'outside.test.js': `it('leaves something behind', () => void Promise.reject(new Error('too late')))`,
  }
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), `import { beforeAll, describe, expect, it } from 'vitest'\n${text}\n`)
  const { status } = spawnSync(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], CAIRN_TEST_REPORTS: reports },
  })
  expect(status).toBe(1)
  const report = readReports(reports)
  expect(new Set(report.failures.map(({ where, error }) => `${where}: ${error}`))).toEqual(
    new Set([
      'fails.test.js > sums > adds: expected 2 to be 3 // Object.is equality',
      'hook.test.js > opens: no door',
      'loads.test.js: does not load',
      'an error outside of tests: too late',
    ]),
  )
  expect(report.files.map(({ file }) => file).sort()).toEqual(Object.keys(files))
})
