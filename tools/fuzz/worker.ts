import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { damage } from './damage.ts'
import { judge } from './judge.ts'
import { bytesOf, type Answer, type Story } from './story.ts'

/** A process that lives through stories with the command line loaded once, and dies with its parent. */

const REPOSITORY = resolve(import.meta.dirname, '../..')
const MAIN = pathToFileURL(join(REPOSITORY, 'apps/cli/src/main.ts')).href
const BUILT = join(REPOSITORY, 'apps/cli/bin/cairn.js')
let commandsGiven = 0
process.setMaxListeners(0)
process.on('disconnect', () => process.exit())
const say = process.send!.bind(process)
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => {
  // A story's module leaves this one on purpose; the built command line reports it.
  if (!String(reason).includes('left on purpose')) unhandled.push(reason)
})
process.on('uncaughtException', (error) => unhandled.push(error))

process.on('message', (story: Story) => void live(story))

async function live(story: Story): Promise<void> {
  // Deep enough for paths that lead up.
  const home = mkdtempSync(join(tmpdir(), 'cairn-fuzz-'))
  const root = join(home, 'a/b/c')
  try {
    layOut(root, story)
    const unprepared = await prepare(root, story)
    if (unprepared) return void say(unprepared)
    for (const [number, command] of story.commands.entries()) {
      const harm = story.damage?.[number]
      if (harm) damage(join(root, '.cairn'), harm)
      const answer = await (story.built ? giveBuilt : give)(command.words, root)
      const fault = unhandled.length > 0 ? `leaves a rejection: ${String(unhandled[0])}` : judge(command, answer)
      if (fault !== undefined) return void say({ fault, command: number, answer })
    }
    say({})
  } catch (error) {
    say({ fault: `ends with ${(error as Error).stack ?? String(error)}` })
  } finally {
    unhandled.length = 0
    process.chdir('/')
    rmSync(home, { recursive: true, force: true, maxRetries: 5 }) // processes of a pool may still be ending
  }
}

const prepared = new Map<string, string>()

async function prepare(root: string, { files, before = [] }: Story): Promise<object | undefined> {
  if (before.length === 0) return undefined
  const key = JSON.stringify([files, before])
  let store = prepared.get(key)
  if (store === undefined) {
    for (const command of before) {
      const answer = await give(command.words, root)
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

function layOut(root: string, { files }: Story): void {
  mkdirSync(root, { recursive: true })
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), bytesOf(text))
  }
}

const METHODS = ['write', '_write', '_writev'] as const

/** Gives a command in this process; each time the program is made anew, but not what it imports. */
async function give(words: readonly string[], root: string): Promise<Answer> {
  const written = { stdout: '', stderr: '' }
  const streams = [process.stdout, process.stderr] as const
  const own = streams.map((stream) => METHODS.map((method) => Object.getOwnPropertyDescriptor(stream, method)))
  for (const [index, stream] of streams.entries()) {
    const name = index === 0 ? 'stdout' : 'stderr'
    // Below `write`, which the command line itself keeps and replaces.
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
    commandsGiven += 1
    const again = `${MAIN}?${commandsGiven}`
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

/** Gives a command as users do. */
function giveBuilt(words: readonly string[], root: string): Promise<Answer> {
  const options = { cwd: root, env: { ...process.env, PWD: root }, maxBuffer: 1 << 26, timeout: 80_000 }
  return new Promise((done) => {
    const child = execFile(process.execPath, [BUILT, ...words], options, (_, stdout, stderr) => {
      const ended = child.signalCode === null ? '' : `UNEXPECTED end by ${child.signalCode}`
      done({ code: child.exitCode ?? 1, stdout, stderr: stderr + ended })
    })
    child.stdin!.end()
  })
}
