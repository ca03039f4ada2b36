import { renameSync, rmSync, statSync } from 'node:fs'

/** The identity of a folder, if it exists. */
export function folderAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

/**
 * Moves a folder to a place where another one may be, even if other processes do the same: the folder there is always
 * complete and from one of them.
 *
 * @param {string} made on the same file system
 * @param {string} place
 * @param {number} [before] the folder that was there at the start, by `folderAt`
boolean} [isDone] whether what someone else has put there since is as good =>  * @param {() => boolean} [isDone] whether a folder that another process has put there since is equivalent => boolean} [isDone] whether what someone else has put there since is as good
 */
export function putInPlace(made, place, before, isDone = () => false) {
  for (;;) {
    if (folderAt(place) !== before && isDone()) return rmSync(made, { recursive: true, force: true })
    takeAway(place, `${made}.old`)
    try {
      return renameSync(made, place)
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error // otherwise another process was faster
    }
  }
}

/** Removes a folder by renaming it first, so that no reader sees half of it. */
function takeAway(place, away) {
  try {
    renameSync(place, away)
  } catch (error) {
    if (error.code === 'ENOENT') return
    if (error.code !== 'EXDEV') throw error
    return rmSync(place, { recursive: true, force: true }) // a lower layer of an image
  }
  rmSync(away, { recursive: true, force: true })
}
