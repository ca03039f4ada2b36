import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'

/** Of which project the services of a `cairn up` are. A copy of its folder says the same, in another place. */
export interface StackPlace {
  readonly root: string
  readonly id: string
}

export function stackPlaceFile(root: string): string {
  return join(root, '.cairn', 'stack', 'project.json')
}

/** Undefined where no services have been started. */
export function stackPlaceOf(root: string): StackPlace | undefined {
  const file = stackPlaceFile(root)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackPlace) : undefined
}

/** What to write to the file: the folder's present path, and the id that it keeps when it is moved. */
export function stackPlaceAt(root: string): StackPlace {
  return { root: realpathSync(root), id: stackPlaceOf(root)?.id ?? randomUUID() }
}

/** @throws CairnError CONFLICT when this folder is a copy, and the services belong to the original */
export function refuseCopiedStack(root: string, place: StackPlace | undefined): void {
  if (!place || place.root === realpathSync(root) || stackPlaceOf(place.root)?.id !== place.id) return
  throw new CairnError(
    'CONFLICT',
    `the services that this folder knows are those of ${place.root}, of which it is a copy: they run the code there`,
    { next: 'rm -r .cairn/stack .cairn/contexts/local.json; then cairn up starts services of this folder' },
  )
}
