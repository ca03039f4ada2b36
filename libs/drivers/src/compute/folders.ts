import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { ITEM } from './folder-names.ts'
import { ScratchRoom } from './scratch-room.ts'

/** The folders that an item may work in, made only when they are asked for: most items never do. */
export interface ItemFolders {
  readonly scratch: string
  readonly outbox: string
  /** What holds both; undefined as long as neither was asked for. */
  readonly home: string | undefined
  /** As it was when that was made. */
  readonly room: ScratchRoom | undefined
  /** Deletes what was made. Whatever a result names must have been taken by then. */
  remove(): void
}

/** @param parent an existing folder, on the store's file system: files are then moved into the store, not copied */
export function itemFolders(parent: () => string): ItemFolders {
  let home: string | undefined
  let room: ScratchRoom | undefined
  const inHome = (name: string) => {
    if (home === undefined) {
      const place = parent()
      room = new ScratchRoom(place)
      home = mkdtempSync(join(place, ITEM))
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
    get room() {
      return room
    },
    remove() {
      if (home !== undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}
