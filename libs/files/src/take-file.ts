import { constants, lstatSync, realpathSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** In bytes. Copying a smaller file costs little. */
const LARGE = 1 << 20
/** In milliseconds: how long to wait for what ends by itself, such as the closing of a file that is written. */
const LONGEST_WAIT = 20

export interface FinishedBody {
  /** Its own folder. */
  readonly scratch: string
  /** Whether nothing that the body started is still active. */
  readonly isIdle?: () => boolean
}

/**
 * Takes the file that a step names: the file itself if it is large, in the body's scratch folder, and nothing else can
 * change it; otherwise a copy.
 *
 * @param copy gives the path for a copy
 */
export async function takeFile(path: string, copy: () => string, body?: FinishedBody): Promise<string> {
  const own = body && (await ownFile(path, body))
  if (own !== undefined) return own
  const taken = copy()
  await copyFile(path, taken, constants.COPYFILE_FICLONE)
  return taken
}

/** The real path of a file that only this body knows; undefined for any other. */
async function ownFile(path: string, body: FinishedBody): Promise<string | undefined> {
  const found = lstatSync(path)
  if (!body.isIdle || !found.isFile() || found.nlink !== 1 || found.size < LARGE) return undefined
  await sleep(1) // a new stream becomes active only then
  for (let waited = 1; waited < LONGEST_WAIT && !body.isIdle(); waited++) await sleep(1)
  const real = join(realpathSync(dirname(path)), basename(path))
  return body.isIdle() && real.startsWith(realpathSync(body.scratch) + sep) ? real : undefined
}
