// npm test: sets everything up, then checks everything: format, lint, types, imports, dead code, tests.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { install, run } from './install.js'
import { readReports, summary, tasksSince } from './summary.js'

install()
const rest = process.argv.slice(2)
const reports = mkdtempSync(join(tmpdir(), 'cairn-test-reports-'))
// Separate invocations: tests on servers need the machine to themselves, and run even if others failed.
const ends = [['format', 'lint', 'typecheck', 'boundaries', 'deadcode', 'test'], ['servers']].map((targets) => {
  const startedAt = Date.now()
  const options = ['--targets', targets.join(), '--parallel', '2', '--outputStyle', 'stream', ...rest]
  const status = run('node_modules/nx/dist/bin/nx.js', ['run-many', ...options], { CAIRN_TEST_REPORTS: reports })
  return { status, tasks: tasksSince(startedAt) }
})
const tasks = ends.flatMap(({ tasks }) => tasks)
console.log(`\n${summary(tasks, readReports(reports)).join('\n')}`)
rmSync(reports, { recursive: true, force: true })
process.exitCode = ends.find(({ status }) => status !== 0)?.status ?? 0
