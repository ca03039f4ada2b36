import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Closure } from '@cairn/records'
import { Cache } from './cache.ts'
import { cutClosure } from './closure.ts'
import { loadSources } from './closures.ts'
import { rootOf } from './find-steps.ts'
import type { Root } from './walk.ts'

export type Files = Readonly<Record<string, string>>

const library = (name: string) => realpathSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)))
const made: string[] = []

/** A temporary project for tests. Its steps are in `steps.ts` by default. */
export class TemporaryProject {
  readonly root: string
  #emitted = 0

  constructor(files: Files | string = {}) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-fingerprint-')))
    made.push(this.root)
    this.write({ 'package.json': '{ "name": "project", "type": "module" }' })
    this.link('node_modules/cairn', library('cairn'))
    this.link('node_modules/@cairn/kernel', library('kernel'))
    this.write(files)
  }

  static removeAll(): void {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
  }

  path(file: string): string {
    return join(this.root, file)
  }

  write(files: Files | string): this {
    for (const [file, text] of Object.entries(typeof files === 'string' ? { 'steps.ts': files } : files)) {
      mkdirSync(dirname(this.path(file)), { recursive: true })
      writeFileSync(this.path(file), text)
    }
    return this
  }

  remove(...files: string[]): this {
    for (const file of files) rmSync(this.path(file), { recursive: true })
    return this
  }

  link(file: string, target: string): this {
    mkdirSync(dirname(this.path(file)), { recursive: true })
    symlinkSync(target, this.path(file))
    return this
  }

  async closure(
    name = 'main',
    { entry = 'steps.ts', role = 'body', cache = '' }: { entry?: string; role?: Root['role']; cache?: string } = {},
  ): Promise<Closure> {
    const kept = new Cache(cache ? this.path(cache) : undefined)
    const sources = await loadSources(this.path(entry), this.root, kept)
    const link = sources.links.export(sources.entry, name)
    if (!link) throw new Error(`${entry} does not export ${name}`)
    const closure = await cutClosure(rootOf(link.target, role, sources.links), sources, kept)
    kept.save()
    return closure
  }

  async fingerprint(name?: string, entry?: string): Promise<string> {
    return (await this.closure(name, entry === undefined ? {} : { entry })).fingerprint
  }

  /** Emits the closure and imports the emitted module. */
  async emitted(name?: string, entry?: string): Promise<Record<string, any>> {
    const code = await (await this.closure(name, entry === undefined ? {} : { entry })).emit()
    const file = `emitted-${++this.#emitted}.mjs`
    this.write({ [file]: code })
    return this.import(file)
  }

  /** Imports a module of the project. Each query gives a separate instance with its own variables. */
  import(file: string, query = ''): Promise<Record<string, any>> {
    return import(/* @vite-ignore */ pathToFileURL(this.path(file)).href + query)
  }

  /** Runs a module of the project in a new Node process; returns what it prints. */
  node(file: string, ...flags: string[]): string {
    const arguments_ = [...flags, this.path(file)]
    return execFileSync(process.execPath, arguments_, {
      encoding: 'utf8',
      cwd: this.root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
}

/** Fingerprints of the same step in two projects. */
export async function fingerprints(
  before: Files | string,
  after: Files | string,
  name?: string,
): Promise<[string, string]> {
  const [a, b] = [new TemporaryProject(before), new TemporaryProject(after)]
  return [await a.fingerprint(name), await b.fingerprint(name)]
}
