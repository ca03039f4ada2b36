import { accessSync, constants, realpathSync, statSync, type Stats } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isInside } from '@cairn/files'
import { packageFolder } from './exports.ts'
import type { Resolved } from './resolve.ts'

/** The maximum size of a data file in bytes. Each step that reaches the file carries it in its code. */
const MOST_BYTES = 5_000_000

/** Resolves a data file that a module names by a literal path and reads at run time. */
export function fileBeside(specifier: string, from: string, root: string): Resolved {
  const next = "read it in a source with fromFile('path')"
  const missing = (why: string, instead = next): Resolved => ({ type: 'missing', why, next: instead })
  const url = new URL(specifier, pathToFileURL(from))
  if (url.search || url.hash)
    return missing('has a ? or # part, which a file path cannot have', 'use the path without it')
  let file: string
  let stats: Stats | undefined
  try {
    file = fileURLToPath(url)
    stats = statSync(file, { throwIfNoEntry: false })
  } catch {
    return missing('is not the path of a file', 'use the path of an existing file, with its extension')
  }
  if (!stats) return missing('does not exist', 'use the path of an existing file, with its extension')
  if (![root, packageFolder(from)].some((folder) => folder !== undefined && file !== folder && isInside(file, folder)))
    return missing('is outside the project', `copy it into the project, or ${next}`)
  if (stats.isDirectory()) return missing('is a folder', `name each file in it, or ${next}`)
  if (!stats.isFile()) return missing('is not a regular file')
  if (realpathSync(file) !== file)
    return missing('is reached through a symbolic link', `name the file itself, or ${next}`)
  if (stats.size > MOST_BYTES) {
    const most = `${MOST_BYTES / 1_000_000} MB`
    return missing(`has ${stats.size} bytes, but the limit for files in code is ${most}`)
  }
  if (CODE.test(file)) return missing('is code, so the fingerprint would not include its imports', 'import it')
  try {
    accessSync(file, constants.R_OK)
    return { type: 'file', file }
  } catch {
    return missing('cannot be read')
  }
}

const CODE = /\.([cm]?[jt]sx?|node)$/
