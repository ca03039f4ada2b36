import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { damage } from './damage.ts'
import { judge } from './judge.ts'
import { bytesOf, type Answer, type Scenario } from './scenario.ts'

/** A process that runs scenarios with the command line's modules loaded once. It ends with its parent. */

const REPOSITORY = resolve(import.meta.dirname, '../..')
const MAIN = pathToFileURL(join(REPOSITORY, 'apps/cli/src/main.ts')).href
const BUILT = join(REPOSITORY, 'apps/cli/bin/cairn.js')
let commandsRun = 0
process.setMaxListeners(0)
process.on('disconnect', () => process.exit())
const send = process.send!.bind(process)
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => {
  // A scenario's module leaves this one on purpose; the built command line reports it.
  if (!String(reason).includes('left on purpose')) unhandled.push(reason)
})
process.on('uncaughtException', (error) => unhandled.push(error))

process.on('message', (scenario: Scenario) => void run(scenario))

async function run(scenario: Scenario): Promise<void> {
  // Deep enough for relative paths that lead up.
  const home = mkdtempSync(join(tmpdir(), 'cairn-fuzz-'))
  const root = join(home, 'a/b/c')
  try {
    writeProject(root, scenario)
    const unprepared = await prepare(root, scenario)
    if (unprepared) return void send(unprepared)
    for (const [number, command] of scenario.commands.entries()) {
      const harm = scenario.damage?.[number]
      if (harm) damage(join(root, '.cairn'), harm)
      const answer = await (scenario.built ? runBuilt : runHere)(command.words, root)
      const fault = unhandled.length > 0 ? `leaves a rejection: ${String(unhandled[0])}` : judge(command, answer)
      if (fault !== undefined) return void send({ fault, command: number, answer })
    }
    send({})
  } catch (error) {
    send({ fault: `ends with ${(error as Error).stack ?? String(error)}` })
  } finally {
    unhandled.length = 0
    process.chdir('/')
    rmSync(home, { recursive: true, force: true, maxRetries: 5 }) // processes of a pool may still be ending
  }
}

const prepared = new Map<string, string>()

async function prepare(root: string, { files, before = [] }: Scenario): Promise<object | undefined> {
  if (before.length === 0) return undefined
  const key = JSON.stringify([files, before])
  let store = prepared.get(key)
  if (store === undefined) {
    for (const command of before) {
      const answer = await runHere(command.words, root)
      const fault = judge(command, answer)
      if (fault !== undefined) return { fault: `before it: ${fault}`, answer }
    }
    store = mkdtempSync(join(tmpdir(), 'cairn-fuzz-store-'))
    process.once('exit', () => rmSync(store!, { recursive: true, force: true }))
    cpSync(join(root, '.cairn'), store, { recursive: true })
    prepared.set(key, store)
  } else cpSync(store, join(root, '.cairn'), { recursive: true })
  return undefined
}

function writeProject(root: string, { files }: Scenario): void {
  mkdirSync(root, { recursive: true })
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), bytesOf(text))
  }
}

const METHODS = ['write', '_write', '_writev'] as const

/** Runs a command in this process. The main module is evaluated each time, but not what it imports. */
async function runHere(words: readonly string[], root: string): Promise<Answer> {
  const written = { stdout: '', stderr: '' }
  const streams = [process.stdout, process.stderr] as const
  const own = streams.map((stream) => METHODS.map((method) => Object.getOwnPropertyDescriptor(stream, method)))
  for (const [index, stream] of streams.entries()) {
    const name = index === 0 ? 'stdout' : 'stderr'
    // Not `write`, which the command line itself replaces.
    stream._write = (text: string | Uint8Array, _, done) => {
      written[name] += typeof text === 'string' ? text : Buffer.from(text).toString()
      done()
    }
    Reflect.set(stream, '_writev', undefined)
  }
  process.chdir(root)
  process.exitCode = 0
  process.argv = [process.argv[0]!, 'cairn', ...words]
  try {
    commandsRun += 1
    const again = `${MAIN}?${commandsRun}`
    await import(again)
  } finally {
    for (const [index, stream] of streams.entries())
      for (const [at, method] of METHODS.entries()) {
        const descriptor = own[index]![at]
        if (descriptor) Object.defineProperty(stream, method, descriptor)
        else Reflect.deleteProperty(stream, method)
      }
  }
  return { code: process.exitCode, ...written }
}

/** Runs a command in a process of its own, as users do. */
function runBuilt(words: readonly string[], root: string): Promise<Answer> {
  const options = { cwd: root, env: { ...process.env, PWD: root }, maxBuffer: 1 << 26, timeout: 80_000 }
  return new Promise((done) => {
    const child = execFile(process.execPath, [BUILT, ...words], options, (_, stdout, stderr) => {
      const ended = child.signalCode === null ? '' : `UNEXPECTED end by ${child.signalCode}`
      done({ code: child.exitCode ?? 1, stdout, stderr: stderr + ended })
    })
    child.stdin!.end()
  })
}
