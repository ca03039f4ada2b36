import { renameSync, rmSync, statSync } from 'node:fs'

/** Which folder is there, if any. */
export function folderAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

/**
 * Puts a folder that was made elsewhere where another may be, whoever else does so at the same time: what is there is always
 * whole, and of one who made it.
 *
 * @param {string} made on the same file system
 * @param {string} place
 * @param {number} [before] what was there when it was begun, by `folderAt`
 * @param {() => boolean} [isDone] whether what someone else has put there since is as good
 */
export function putInPlace(made, place, before, isDone = () => false) {
  for (;;) {
    if (folderAt(place) !== before && isDone()) return rmSync(made, { recursive: true, force: true })
    takeAway(place, `${made}.old`)
    try {
      return renameSync(made, place)
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error // else another was faster
    }
  }
}

/** At once: to remove it file by file would leave half of it to whoever looks. */
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
