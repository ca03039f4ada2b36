import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'

/** The project that the services of `cairn up` belong to. A copy of its folder has the same record at another path. */
export interface StackPlace {
  readonly root: string
  readonly id: string
}

/** Returns the path of the record of a project's services: `<root>/.cairn/stack/project.json`. */
export function stackPlaceFile(root: string): string {
  return join(root, '.cairn', 'stack', 'project.json')
}

/** Reads the record of the project's services; undefined when none were started. */
export function stackPlaceOf(root: string): StackPlace | undefined {
  const file = stackPlaceFile(root)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackPlace) : undefined
}

/** Creates the record: the current path of the folder, and an id that stays when the folder is moved. */
export function stackPlaceAt(root: string): StackPlace {
  return { root: realpathSync(root), id: stackPlaceOf(root)?.id ?? randomUUID() }
}

/**
 * Refuses a folder that is a copy.
 *
 * @throws CairnError CONFLICT when the services belong to the original folder
 */
export function refuseCopiedStack(root: string, place: StackPlace | undefined): void {
  if (!place || place.root === realpathSync(root) || stackPlaceOf(place.root)?.id !== place.id) return
  const copied = ['.cairn/stack', '.cairn/contexts/local.json'].filter((path) => existsSync(join(root, path)))
  throw new CairnError(
    'CONFLICT',
    `this folder is a copy of ${place.root}, and its services run the code of that folder`,
    { next: `rm -r ${copied.join(' ')}; then start services of this folder: cairn up` },
  )
}
