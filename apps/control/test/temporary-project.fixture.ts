import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from './programs.fixture.ts'

/** A copy of a project beside these tests, for an environment of its own. */
export class TemporaryProject {
  readonly #env: string
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-control-')))

  constructor(name: string, env: string) {
    cpSync(join(import.meta.dirname, name), this.root, { recursive: true })
    symlinkSync(join(REPOSITORY, 'node_modules'), join(this.root, 'node_modules'))
    this.#env = env
    this.configure({})
  }

  /** Writes what its package.json says of Cairn, besides where its pipelines are. */
  configure(settings: object): void {
    const cairn = { pipelines: ['*.pipeline.ts'], env: this.#env, ...settings }
    writeFileSync(this.path('package.json'), JSON.stringify({ type: 'module', cairn }))
  }

  path(file: string): string {
    return join(this.root, file)
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
