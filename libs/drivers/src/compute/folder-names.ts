import { join } from 'node:path'

/** Prefixes of the names of folders that bodies write to, in their host's scratch folder. */
export const WORK_PREFIX = 'work-'
export const ITEM_PREFIX = 'item-'
export const TEMPORARY_PREFIX = 'temp-'

/**
 * Returns whether bodies write to a folder.
 *
 * @param folder its name, without a path
 */
export function isBodyFolder(folder: string): boolean {
  return [WORK_PREFIX, ITEM_PREFIX, TEMPORARY_PREFIX].some((prefix) => folder.startsWith(prefix))
}

/**
 * Returns the folder for the temporary files of an item.
 *
 * @param scratch the scratch folder of one piece of work in a worker process
 * @param index position of the item in the work
 */
export function folderOfItem(scratch: string, index: number): string {
  return join(scratch, String(index))
}
