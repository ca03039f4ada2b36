import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is left free: a file system takes some for itself. Bytes. */
const LEFT_FREE = 8_192

/** A disk of its own in a folder, so small that it can be filled. */
export class SmallDisk {
  readonly #at: string

  private constructor(at: string) {
    this.#at = at
  }

  /** Undefined where this user may not make one. The bytes that it holds are taken from the folder's disk as they come. */
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

  /** Fills it, up to a few kB; gives what frees it again. */
  fill(): () => void {
    const ballast = join(this.#at, 'ballast')
    const free = () => rmSync(ballast, { force: true })
    const { bavail, bsize } = statfsSync(this.#at)
    const { status, stderr } = spawnSync('fallocate', ['-l', String(bavail * bsize - LEFT_FREE), ballast])
    if (status === 0) return free
    free()
    throw new Error(String(stderr))
  }

  /** Whatever used it must have ended. */
  unmount(): void {
    spawnSync('umount', [this.#at])
    rmSync(`${this.#at}.img`)
  }
}
