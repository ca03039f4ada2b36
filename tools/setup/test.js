// npm test: sets everything up, then checks everything: format, lint, types, imports, dead code, tests.
import { install, run } from './install.js'

install()
const targets = ['format', 'lint', 'typecheck', 'boundaries', 'deadcode', 'test', 'servers']
run('node_modules/nx/dist/bin/nx.js', [
  'run-many',
  '--targets',
  targets.join(),
  '--parallel',
  '2',
  '--outputStyle',
  'stream',
  ...process.argv.slice(2),
])
