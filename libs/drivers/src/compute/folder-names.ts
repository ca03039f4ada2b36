import { join } from 'node:path'

/** How the folders are named that bodies write to, in the folder that their host works in. */
export const WORK = 'work-'
export const ITEM = 'item-'
export const TEMPORARY = 'temp-'

export function holdsFilesOfBodies(folder: string): boolean {
  return [WORK, ITEM, TEMPORARY].some((prefix) => folder.startsWith(prefix))
}

/** @param scratch of a piece of work in a process of its own */
export function folderOfItem(scratch: string, index: number): string {
  return join(scratch, String(index))
}
