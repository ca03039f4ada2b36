// npm start: sets everything up, then runs the main pipeline in one process on three million real flights.
import { install, run } from './install.js'

install()
const progress = process.stderr.isTTY ? [] : ['--progress', 'plain']
process.exitCode = run('apps/cli/bin/cairn.js', [
  'run',
  'flight-delays',
  '--out',
  'results',
  ...progress,
  ...process.argv.slice(2),
])
