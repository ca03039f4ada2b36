// npm test: sets everything up, then checks everything: format, lint, types, imports, dead code, tests.
import { install, run } from './install.js'

install()
const rest = process.argv.slice(2)
// One invocation each: the tests that need servers want the machine to themselves, and run whatever else has failed.
const statuses = [['format', 'lint', 'typecheck', 'boundaries', 'deadcode', 'test'], ['servers']].map((targets) =>
  run('node_modules/nx/dist/bin/nx.js', [
    'run-many',
    '--targets',
    targets.join(),
    '--parallel',
    '2',
    '--outputStyle',
    'stream',
    ...rest,
  ]),
)
process.exitCode = statuses.find((status) => status !== 0) ?? 0
