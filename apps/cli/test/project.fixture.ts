import { execFile, spawn, type ChildProcess } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll } from 'vitest'
import { isFresh } from '../bin/built.js'

export const REPOSITORY = resolve(import.meta.dirname, '../../..')
export const NODE = process.execPath
export const CAIRN = join(REPOSITORY, 'apps/cli/bin/cairn.js')

// Otherwise its tests would run from sources, which behave as users' command line does only almost.
if (!isFresh('cli')) throw new Error('sources were edited since cairn was built: run the tests again')

export type Files = Readonly<Record<string, string>>
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The parts of `cairn run --json` that tests look at. */
export interface RunSummary {
  readonly run: string
  readonly status: string
  readonly steps: Readonly<Record<string, StepSummary>>
}
export interface StepSummary {
  readonly status: string
  readonly how?: string
  readonly key?: string
  readonly attempts: number
  readonly outputs?: Readonly<Record<string, { digest: string; text?: string; items?: number }>>
  readonly error?: { readonly code: string; readonly message: string; readonly next?: string }
  readonly because?: string
  /** Of a step inside an `each`: how many items ended how. */
  readonly items?: Readonly<Record<string, number>>
}

const made: string[] = []
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

/** A folder of somebody who uses Cairn, with the real command line. */
export class CliProject {
  readonly root = mkdtempSync(join(tmpdir(), 'cairn-cli-'))

  constructor(files: Files = {}) {
    made.push(this.root)
    symlinkSync(join(REPOSITORY, 'node_modules'), join(this.root, 'node_modules'))
    this.write({ 'package.json': '{ "type": "module", "cairn": { "pipelines": ["*.pipeline.ts"] } }', ...files })
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts)
  }

  write(files: Files): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(file)), { recursive: true })
      writeFileSync(this.path(file), text)
    }
  }

  /** Replaces a text in a file; the text must be there. */
  edit(file: string, before: string, after: string): void {
    const text = readFileSync(this.path(file), 'utf8')
    if (!text.includes(before)) throw new Error(`${file} does not contain ${before}`)
    this.write({ [file]: text.replace(before, after) })
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8')
  }

  cairn(...args: string[]): Promise<Ended> {
    return this.cairnWith({}, ...args)
  }

  /** With lines on standard input. */
  cairnTyping(lines: readonly string[], ...args: string[]): Promise<Ended> {
    return this.#ended({}, args, lines)
  }

  cairnWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> {
    return this.#ended(env, args)
  }

  #ended(
    env: Readonly<Record<string, string>>,
    args: readonly string[],
    lines: readonly string[] = [],
  ): Promise<Ended> {
    return new Promise((done) => {
      const options = { cwd: this.root, env: environment({ PWD: this.root, ...env }), maxBuffer: 1 << 26 }
      const child = execFile(NODE, [CAIRN, ...args], options, (_, stdout, stderr) =>
        done({ code: child.exitCode, stdout, stderr }),
      )
      child.stdin!.end(lines.map((line) => `${line}\n`).join(''))
    })
  }

  /** A run by its summary, whatever its end. */
  async run(...args: string[]): Promise<RunSummary & { code: number | null }> {
    const { code, stdout, stderr } = await this.cairn('--json', 'run', ...args)
    try {
      return { code, ...(JSON.parse(stdout) as RunSummary) }
    } catch {
      throw new Error(`cairn run ${args.join(' ')} exited with ${code}: ${stderr}${stdout}`)
    }
  }

  /** Starts a run that a test will disturb. */
  start(...args: string[]): ChildProcess {
    return this.startWith({}, ...args)
  }

  startWith(env: Readonly<Record<string, string>>, ...args: string[]): ChildProcess {
    return spawn(NODE, [CAIRN, ...args], {
      cwd: this.root,
      env: environment({ PWD: this.root, ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** Every file of the store, or of a folder of it, by its path there. */
  stored(folder = '', store = '.cairn'): string[] {
    const root = this.path(store, folder)
    if (!existsSync(root)) return []
    const found = readdirSync(root, { recursive: true, withFileTypes: true })
    return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length))
  }
}

/** The tests' own, without colours and secrets of whoever runs them. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, CAIRN_STORE: ___, ...own } = process.env
  return { ...own, ...more }
}

/** Names of the steps that a run computed, in the order of the pipeline. */
export function computed({ steps }: RunSummary): string[] {
  return Object.keys(steps).filter((name) => steps[name]!.how === 'computed')
}

/** How each step ended; of one inside an `each`, how its items did. */
export function how({ steps }: Pick<RunSummary, 'steps'>): Record<string, string | undefined> {
  const ofItems = (items: StepSummary['items'] = {}) => Object.keys(items).filter((state) => items[state]! > 0)
  return Object.fromEntries(Object.entries(steps).map(([id, step]) => [id, step.how ?? ofItems(step.items).join(', ')]))
}

export async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  return new Promise((done) => child.once('exit', (code) => done(code)))
}

/** Resolves when what a process has printed so far contains a text. */
export function printed(child: ChildProcess, text: string): Promise<void> {
  return new Promise((done, fail) => {
    let seen = ''
    const receive = (data: Buffer) => {
      seen += String(data)
      if (seen.includes(text)) done()
    }
    child.stdout?.on('data', receive)
    child.stderr?.on('data', receive)
    child.once('exit', (code) => fail(new Error(`exited with ${code} without printing "${text}":\n${seen}`)))
  })
}
