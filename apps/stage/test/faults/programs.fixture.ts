import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const REPOSITORY = resolve(import.meta.dirname, '../../../..')

interface Built {
  readonly distOf: (app: string) => string
  readonly isFresh: (app: string) => boolean
}
export type App = 'stage' | 'control'

/** A copy of the built services, since another process may build them again while they run. */
export class Programs {
  readonly folder: string

  private constructor() {
    const parent = join(REPOSITORY, 'node_modules', '.cache', 'cairn')
    mkdirSync(parent, { recursive: true })
    this.folder = mkdtempSync(join(parent, 'programs-'))
  }

  static async build(): Promise<Programs> {
    const programs = new Programs()
    const { distOf, isFresh } = (await import(join(REPOSITORY, 'apps/cli/bin/built.js'))) as Built
    for (const app of ['stage', 'control'])
      for (let left = 5; ; left--)
        try {
          if (!isFresh(app)) build(app)
          cpSync(distOf(app), join(programs.folder, app), { recursive: true })
          break
        } catch (error) {
          if (left === 0) throw error // before that, another build may have replaced the files during the copy
        }
    return programs
  }

  main(app: App): string {
    return join(this.folder, app, 'main.js')
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function build(app: string): void {
  const { status, stderr } = spawnSync(process.execPath, [join(REPOSITORY, 'tools/setup/build.js'), app])
  if (status !== 0) throw new Error(`${app} could not be built: ${String(stderr)}`)
}
