import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The folders that a lane may work in, made only when they are asked for: most lanes never do. */
export interface LaneFolders {
  readonly scratch: string
  readonly outbox: string
  /** Deletes what was made. Whatever a result names must have been taken by then. */
  remove(): void
}

/** @param parent an existing folder, on the store's file system: files are then moved into the store, not copied */
export function laneFolders(parent: () => string): LaneFolders {
  let home: string | undefined
  const inHome = (name: string) => {
    home ??= mkdtempSync(join(parent(), 'lane-'))
    const folder = join(home, name)
    mkdirSync(folder, { recursive: true })
    return folder
  }
  return {
    get scratch() {
      return inHome('scratch')
    },
    get outbox() {
      return inHome('out')
    },
    remove() {
      if (home !== undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}
