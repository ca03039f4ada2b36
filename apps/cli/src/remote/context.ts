import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CairnError, suggest } from '@cairn/kernel/runtime'
import type { ControlOptions } from '@cairn/drivers/store/control'
import { contextFolder, contextNames } from './context-files.ts'

/** Services that a command can be sent to. */
export interface Context {
  readonly name: string
  readonly env: string
  readonly control: ControlOptions
}

/** `.cairn/contexts/<name>.json` of the project, or else `~/.config/cairn/contexts/<name>.json`. */
export function readContext(root: string, name: string): Context {
  const folders = [
    contextFolder(root),
    join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'cairn', 'contexts'),
  ]
  const file = folders.map((folder) => join(folder, `${name}.json`)).find((path) => existsSync(path))
  if (file === undefined) {
    const known = folders.flatMap(contextNames)
    throw new CairnError('NOT_FOUND', `there is no context "${name}"`, {
      next:
        known.length > 0
          ? suggest(name, known)
          : name === 'local'
            ? 'cairn up'
            : `write ${join(folders[0]!, `${name}.json`)}: { "env", "control": { "url", "token" } }`,
    })
  }
  const { env, control } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Context>
  if (typeof env === 'string' && typeof control?.url === 'string' && typeof control.token === 'string')
    return { name, env, control }
  throw new CairnError('BAD_RECORD', `${file} is no context`, {
    next: 'write it like { "env": "production", "control": { "url": "https://…", "token": "…" } }',
  })
}
