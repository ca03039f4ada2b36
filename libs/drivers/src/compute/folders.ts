import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { ITEM_PREFIX } from './folder-names.ts'
import { ScratchSpace } from './scratch-space.ts'

/** The folders of an item. They are created on first access, because most items do not use them. */
export interface ItemFolders {
  readonly scratch: string
  readonly outbox: string
  /** Parent of both folders; undefined before one of them is used. */
  readonly home: string | undefined
  /** Free space when `home` was created; undefined before that. */
  readonly space: ScratchSpace | undefined
  /** Deletes the folders. Files that a result names must have been stored before. */
  remove(): void
}

/**
 * @param parent returns an existing folder on the store's file system, so that files are moved into the store, not
 *   copied
 */
export function itemFolders(parent: () => string): ItemFolders {
  let home: string | undefined
  let space: ScratchSpace | undefined
  const inHome = (name: string) => {
    if (home === undefined) {
      const place = parent()
      space = new ScratchSpace(place)
      home = mkdtempSync(join(place, ITEM_PREFIX))
    }
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
    get home() {
      return home
    },
    get space() {
      return space
    },
    remove() {
      if (home !== undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}
