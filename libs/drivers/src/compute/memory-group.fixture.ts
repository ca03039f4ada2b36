import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Creates a control group. The kernel kills its processes if they use more than this memory together, in bytes. Returns
 * undefined if it cannot be created: that needs root and a kernel with control groups.
 */
export function memoryGroup(bytes: number) {
  for (const { parent, limit } of places()) {
    const folder = join(parent, `cairn-test-${process.pid}`)
    try {
      mkdirSync(folder)
      try {
        writeFileSync(join(folder, limit), String(bytes))
      } catch (error) {
        rmdirSync(folder)
        throw error
      }
      return {
        add: (pid: number) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
        remove: () => rmdirSync(folder),
      }
    } catch {
      // try the next one
    }
  }
  return undefined
}

/** Folders in which groups are created, for control groups v1 and v2. */
function places() {
  const groups = existsSync('/proc/self/cgroup') ? readFileSync('/proc/self/cgroup', 'utf8') : ''
  const [, first] = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(groups) ?? []
  const [, second] = /^0::(\/.*)$/m.exec(groups) ?? []
  return [
    ...(first === undefined ? [] : [{ parent: join('/sys/fs/cgroup/memory', first), limit: 'memory.limit_in_bytes' }]),
    ...(second === undefined ? [] : [{ parent: join('/sys/fs/cgroup', second), limit: 'memory.max' }]),
  ]
}
