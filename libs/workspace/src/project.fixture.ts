import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url))

/** A project in a temporary folder, with the packages of this one. */
export class TemporaryProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-embedded-')))

  constructor(files: Readonly<Record<string, string>> = {}) {
    symlinkSync(NODE_MODULES, join(this.root, 'node_modules'))
    this.write({ 'package.json': '{ "type": "module", "cairn": { "pipelines": "*.pipeline.ts" } }', ...files })
  }

  path(file: string): string {
    return join(this.root, file)
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(file)), { recursive: true })
      writeFileSync(this.path(file), text)
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
