import { isAbsolute, relative, sep } from 'node:path'

/** Whether a path is a folder or inside it. Both are absolute, or relative to the current folder. Reads no file. */
export function isInside(path: string, folder: string): boolean {
  const from = relative(folder, path)
  return from !== '..' && !from.startsWith(`..${sep}`) && !isAbsolute(from)
}
