import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from './programs.fixture.ts'

/** A copy of a project beside these tests, for an environment of its own. */
export class TemporaryProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-control-')))

  constructor(name: string, env: string) {
    cpSync(join(import.meta.dirname, name), this.root, { recursive: true })
    symlinkSync(join(REPOSITORY, 'node_modules'), join(this.root, 'node_modules'))
    const settings = { type: 'module', cairn: { pipelines: ['*.pipeline.ts'], env } }
    writeFileSync(join(this.root, 'package.json'), JSON.stringify(settings))
  }

  path(file: string): string {
    return join(this.root, file)
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
