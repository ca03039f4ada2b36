import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes that `fill` leaves free, for metadata of the file system. */
const LEFT_FREE = 8_192

/** A small disk, mounted on a folder, that a test can fill. */
export class SmallDisk {
  readonly #at: string

  private constructor(at: string) {
    this.#at = at
  }

  /**
   * Mounts a disk of this many bytes on a folder. Returns undefined if this user may not mount. The image is sparse: it
   * takes space on the underlying disk only as it is filled.
   */
  static mount(at: string, bytes: number): SmallDisk | undefined {
    mkdirSync(at, { recursive: true, mode: 0o700 })
    const image = `${at}.img`
    writeFileSync(image, '')
    const steps: [string, ...string[]][] = [
      ['truncate', '-s', String(bytes), image],
      ['mkfs.ext4', '-q', '-m', '0', image],
      ['mount', '-o', 'loop', image, at],
    ]
    return steps.every(([program, ...args]) => spawnSync(program, args).status === 0) ? new SmallDisk(at) : undefined
  }

  /** Fills the disk except for a few kB. Returns a function that frees it. */
  fill(): () => void {
    const ballast = join(this.#at, 'ballast')
    const free = () => rmSync(ballast, { force: true })
    const { bavail, bsize } = statfsSync(this.#at)
    const { status, stderr } = spawnSync('fallocate', ['-l', String(bavail * bsize - LEFT_FREE), ballast])
    if (status === 0) return free
    free()
    throw new Error(String(stderr))
  }

  /** Unmounts the disk. No process may use it any more. */
  unmount(): void {
    spawnSync('umount', [this.#at])
    rmSync(`${this.#at}.img`)
  }
}
