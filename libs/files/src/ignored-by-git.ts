import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes Git ignore a folder of Cairn's own, which may hold data, tokens and keys. An existing `.gitignore` stays. */
export function ignoreInGit(folder: string): void {
  const file = join(folder, '.gitignore')
  if (!existsSync(file))
    writeFileSync(file, '# Data, tokens and keys of Cairn: nothing here belongs into a repository.\n*\n')
}
