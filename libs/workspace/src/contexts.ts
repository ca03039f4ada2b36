import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ControlOptions, ControlStoreOptions } from '@cairn/drivers/store/control'
import { CairnError, suggest } from '@cairn/kernel'
import type { ArtifactStore } from '@cairn/records'
import type { Project } from './project.ts'
import { refuseCopiedStack, type StackPlace } from './stack-place.ts'

/** Services that a command can be sent to. */
export interface Context {
  readonly name: string
  readonly env: string
  readonly control: ControlOptions
}

/** Returns the folder of the contexts of a project: `<root>/.cairn/contexts`. */
export function contextFolder(root: string): string {
  return join(root, '.cairn', 'contexts')
}

/** Lists the contexts in a folder, by name. Returns an empty list when the folder does not exist. */
export function contextNames(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []))
}

/**
 * Reads a context from `.cairn/contexts/<name>.json` of the project, or else from
 * `~/.config/cairn/contexts/<name>.json`.
 *
 * @throws CairnError NOT_FOUND when there is none; BAD_RECORD for an invalid file; CONFLICT when the services belong to
 * the project that this folder is a copy of
 */
export function readContext(root: string, name: string): Context {
  const folders = [
    contextFolder(root),
    join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'cairn', 'contexts'),
  ]
  const file = folders.map((folder) => join(folder, `${name}.json`)).find((path) => existsSync(path))
  if (file === undefined) {
    const known = folders.flatMap(contextNames)
    throw new CairnError('NOT_FOUND', `context "${name}" does not exist`, {
      next:
        known.length > 0
          ? suggest(name, known)
          : name === 'local'
            ? 'cairn up'
            : `write ${join(folders[0]!, `${name}.json`)}: { "env", "control": { "url", "token" } }`,
    })
  }
  const { env, control, project } = readObject(file) as Partial<Context> & { readonly project?: StackPlace }
  refuseCopiedStack(root, project)
  if (typeof env === 'string' && typeof control?.url === 'string' && typeof control.token === 'string')
    return { name, env, control }
  throw new CairnError('BAD_RECORD', `${file} is not a valid context`, {
    next: 'write it like { "env": "production", "control": { "url": "https://…", "token": "…" } }',
  })
}

/** Reads a JSON object; an empty one when the file is not valid. */
function readObject(file: string): object {
  try {
    return (JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as object | null) ?? {}
  } catch {
    return {}
  }
}

/** Opens the store of a context's services through control. What is fetched is cached in the project's store. */
export async function contextStore(
  { store }: Pick<Project, 'store'>,
  { env, control }: Context,
  options: Pick<ControlStoreOptions, 'onFetch'> = {},
): Promise<ArtifactStore> {
  const { controlStore } = await import('@cairn/drivers/store/control') // only for commands that need it
  return controlStore({ env, ...control, cache: join(store, 'cache', 'fetched'), ...options })
}
