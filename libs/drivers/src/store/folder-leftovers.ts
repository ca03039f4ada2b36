import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isGone } from '../process-id.ts'

/** Lists the files and folders that dead processes left in `tmp/` of a folder. They are safe to delete. */
export function leftovers(root: string): string[] {
  const tmp = join(root, 'tmp')
  return namesIn(tmp)
    .filter((name) => {
      const maker = /^(.+)-(\d+)-(\d*(?:\.[0-9a-f]+)?)-/.exec(name)
      return maker !== null && isGone(`${maker[1]}/${maker[2]}/${maker[3]}`)
    })
    .map((name) => join(tmp, name))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
