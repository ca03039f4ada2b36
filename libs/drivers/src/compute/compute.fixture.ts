import { fork, type ChildProcess } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import {
  inlineBytes,
  packagesDigest,
  type Code,
  type Compute,
  type ErrorRecord,
  type EncodedArtifact,
  type Manifest,
  type Printed,
  type StoredCode,
  type Work,
} from '@cairn/records'
import { TEMPORARY_PREFIX } from './folder-names.ts'
import type { HostOrder } from './host.fixture.ts'
import type { ComputeOptions } from './options.ts'

/** The result of an item: its outputs as text (those of a list as one text per item), or its error. */
export type Settled =
  { readonly outputs: Readonly<Record<string, string | readonly string[]>> } | { readonly error: ErrorRecord }

/** Milliseconds to wait for something that is certain to happen: much longer than it takes on a busy machine. */
export const DEADLINE_MS = 300_000

const HOST_MAIN = fileURLToPath(new URL('./host.fixture.ts', import.meta.url))

const CLOCK = [{ what: 'clock', detail: 'Date.now()', line: 1, via: 0 }] as const

/** A project's folder for a test, with stored code, and work that runs the code. */
export class Workshop {
  readonly root = mkdtempSync(join(tmpdir(), 'cairn-compute-'))
  readonly secrets: Record<string, string> = {}
  readonly options: ComputeOptions = {
    root: this.root,
    scratch: () => this.folder('scratch'),
    secrets: (name) => this.secrets[name],
    remember: (_, compute) => compute(),
  }

  /** Lines that bodies have printed. */
  readonly printed: Printed[] = []
  readonly #hosts: ChildProcess[] = []

  /** Returns the path of a file, and creates its folder. */
  path(file: string): string {
    mkdirSync(dirname(join(this.root, file)), { recursive: true })
    return join(this.root, file)
  }

  folder(name: string): string {
    mkdirSync(join(this.root, name), { recursive: true })
    return join(this.root, name)
  }

  write(file: string, content: string | Uint8Array): string {
    writeFileSync(this.path(file), content)
    return this.path(file)
  }

  /** Returns the lines that bodies have written to a file. */
  lines(file: string): string[] {
    return existsSync(this.path(file)) ? readFileSync(this.path(file), 'utf8').split('\n').filter(Boolean) : []
  }

  /** Resolves once bodies have written at least `count` lines to a file. Returns the lines. */
  async written(file: string, count = 1): Promise<string[]> {
    await vi.waitUntil(() => this.lines(file).length >= count, { timeout: DEADLINE_MS, interval: 5 })
    return this.lines(file)
  }

  /**
   * Stores the code of a step, as planning does. The code can use the kind `text`, `note` to append a line to a file,
   * and `written` to wait until a file exists.
   */
  code(run: string, { inputs = '{}', outputs = '{ out: text }', before = '', after = '' } = {}): StoredCode {
    const module = `import { appendFileSync, existsSync } from 'node:fs'
const text = {
  name: 'text', version: 1, schema: {},
  encode: (value) => ({ bytes: Buffer.from(value) }),
  decode: async (artifact) => Buffer.from(await artifact.bytes()).toString(),
}
const root = ${JSON.stringify(`${this.root}/`)}
const note = (file, line = 'here') => appendFileSync(root + file, line + '\\n')
const written = (file) =>
  new Promise((done) => setInterval(function look() { if (existsSync(root + file)) done(clearInterval(this)) }, 5))
${before}
export const inputs = ${inputs}
export const outputs = ${outputs}
export const run = ${run}
${after}`
    const digest = hash('sha256', module)
    const fingerprint = hash('sha256', `fingerprint of ${module}`)
    const path = this.write(`code/${fingerprint}.mjs`, module)
    return this.withManifest({ fingerprint, digest, path })
  }

  /** Writes the manifest of stored code. By default, the code reads the clock and loads no packages. */
  withManifest(
    { fingerprint, digest, path }: Pick<StoredCode, 'fingerprint' | 'digest' | 'path'>,
    { reaches = CLOCK, imports = {}, packages = [] }: Partial<Pick<Manifest, 'reaches' | 'imports' | 'packages'>> = {},
  ): StoredCode {
    const manifest = { v: 1, fingerprint, node: 24, declarations: [], reaches, imports, packages }
    return {
      fingerprint,
      digest,
      packages: packagesDigest({ imports, packages }),
      name: fingerprint,
      path,
      manifest: this.write(`code/${fingerprint}.json`, JSON.stringify(manifest)),
    }
  }

  /** Stores code that imports a package of the project in `project/` and a package of a folder inside that. */
  codeWithPackages(): StoredCode {
    for (const [folder, name, value] of [
      ['project', 'shape', 'round'],
      ['project/inner', 'tint', 'red'],
    ] as const) {
      const place = `${folder}/node_modules/${name}`
      this.write(`${place}/package.json`, JSON.stringify({ name, type: 'module', exports: './index.js' }))
      this.write(`${place}/index.js`, `export const ${name} = '${value}'`)
    }
    const before = `import { shape } from 'shape'\nimport { tint } from 'tint'`
    const code = this.code(`() => ({ out: tint + ' and ' + shape })`, { before })
    return this.withManifest(code, { reaches: [], imports: { tint: 'inner' } })
  }

  work(code: Code, asked: Partial<Work> = {}): Work {
    return {
      run: 'run-1',
      node: 'node',
      step: 'step',
      code,
      items: items(1),
      params: {},
      secrets: [],
      source: false,
      timeoutMs: undefined,
      memory: undefined,
      versions: undefined,
      open: () => Promise.reject(new Error('nothing is to be opened')),
      print: (printed) => void this.printed.push(printed),
      ...asked,
    }
  }

  /** Lists what is in the scratch folder, except the folders for temporary files of running processes. */
  leftInScratch(): string[] {
    const left = readdirSync(this.folder('scratch'), { recursive: true }).map(String)
    return left.filter((path) => dirname(path) !== '.' || !path.startsWith(TEMPORARY_PREFIX))
  }

  /** Starts a process that carries out an order. */
  host(order: HostOrder): ChildProcess {
    const child = fork(HOST_MAIN, { execArgv: [] })
    this.#hosts.push(child)
    child.send(order)
    return child
  }

  async remove(): Promise<void> {
    for (const child of this.#hosts) child.kill('SIGKILL')
    await Promise.all(children().map(gone))
    rmSync(this.root, { recursive: true, force: true })
  }
}

export function items(count: number): Work['items'] {
  return Array.from({ length: count }, (_, index) => ({ index, inputs: {}, key: hash('sha256', `item ${index}`) }))
}

/** Runs work and returns the results of its items. Reads the outputs as soon as they exist, as a host does. */
export async function settle(
  compute: Compute,
  work: Work,
  signal: AbortSignal = new AbortController().signal,
): Promise<Settled[]> {
  const settled: Settled[] = []
  for await (const result of compute.run(work, signal)) {
    if (settled[result.index]) throw new Error(`item ${result.index} was given twice`)
    settled[result.index] =
      'error' in result
        ? { error: result.error }
        : { outputs: Object.fromEntries(Object.entries(result.outputs).map(([name, made]) => [name, contentOf(made)])) }
  }
  return settled
}

/** Runs work with one item and returns its output `out`; rejects with the error of the item. */
export async function only(compute: Compute, work: Work, signal?: AbortSignal): Promise<string> {
  const [settled] = await settle(compute, work, signal)
  if (settled && 'outputs' in settled) return settled.outputs['out'] as string
  throw settled?.error
}

function contentOf({ ref, content, items }: EncodedArtifact): string | string[] {
  if (items) return items.map((item) => contentOf(item) as string)
  const bytes =
    content === undefined ? inlineBytes(ref)! : 'file' in content ? readFileSync(content.file) : Buffer.from(content)
  if (hash('sha256', bytes) !== ref.digest) throw new Error('the bytes do not match their digest')
  return bytes.toString()
}

export async function ended(child: ChildProcess): Promise<unknown> {
  return child.exitCode ?? child.signalCode ?? new Promise((done) => child.once('exit', done))
}

/** Lists the running child processes of this process, or of the given one. */
export function children(of = process.pid): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === of)
}

/** Resolves once a process has exited. It need not be a child of this process. */
export async function gone(pid: number): Promise<void> {
  await vi.waitUntil(() => parentOf(pid) === undefined, { timeout: DEADLINE_MS, interval: 10 })
}

/** Returns the parent of a process; undefined if it has exited, even if it is still a zombie. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? undefined : Number(parent)
  } catch {
    return undefined
  }
}
