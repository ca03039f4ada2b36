// node tools/docs/pictures/draw.ts: draws the terminal pictures of the README anew, from what the commands print.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Screen } from './screen.ts'
import { svgOf } from './svg.ts'

const ROOT = join(import.meta.dirname, '../../..')
const COLUMNS = 110

const folder = mkdtempSync(join(tmpdir(), 'cairn-picture-'))
try {
  const run = 'cairn run flight-delays --out results'
  await draw('run', run)
  for (const trees of [20, 30, 40]) await screenOf(`cairn run flight-delays --set train-model.trees=${trees}`)
  await screenOf('cairn run flight-delays')
  await draw('explore', 'cairn explore flight-delays --progress none', [
    '.set train-model.trees=50',
    '.until evaluate',
    '.plan',
    '.run',
    '.exit',
  ])
} finally {
  rmSync(folder, { recursive: true })
}

async function draw(name: string, command: string, typed: readonly string[] = []): Promise<void> {
  const { rows } = await screenOf(command, typed)
  while (rows.at(-1)?.length === 0) rows.pop()
  const prompt = new Screen()
  prompt.write(`\x1b[2m$\x1b[0m \x1b[1mnpx ${command}\x1b[0m`)
  writeFileSync(join(ROOT, 'docs/images', `${name}.svg`), svgOf([...prompt.rows, ...rows], COLUMNS))
}

/** Runs a command in a terminal of its own, and types a line whenever it prompts for one. */
function screenOf(command: string, typed: readonly string[] = []): Promise<Screen> {
  const screen = new Screen()
  const waiting = [...typed]
  const [PATH, store] = [`${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`, join(folder, 'store')]
  const inside = `cd ${ROOT} && stty cols ${COLUMNS} rows 50 && ${command.replace('results', join(folder, 'results'))}`
  const child = spawn('script', ['-qec', inside, '/dev/null'], {
    env: { ...process.env, PATH, CAIRN_STORE: store, FORCE_COLOR: '1', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let unread = ''
  child.stdout.setEncoding('utf8').on('data', (output: string) => {
    screen.write(output.replaceAll(join(folder, 'results'), 'results').replaceAll(store, '.cairn'))
    unread += output
    // oxlint-disable-next-line no-control-regex -- readline places the cursor behind the prompt
    if (!/> (\x1b\[\d*G)?$/.test(unread) || waiting.length === 0) return
    unread = ''
    child.stdin.write(`${waiting.shift()}\r`)
  })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve(screen) : reject(new Error(`${command} exited with ${code}`))))
  })
}
