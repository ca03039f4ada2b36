import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A control group whose processes the kernel kills when they take more memory together, in bytes. Undefined for who may
 * not make one: that needs root, and a kernel that has them.
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
      // the next
    }
  }
  return undefined
}

/** Where the two versions keep groups. */
function places() {
  const groups = existsSync('/proc/self/cgroup') ? readFileSync('/proc/self/cgroup', 'utf8') : ''
  const [, first] = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(groups) ?? []
  const [, second] = /^0::(\/.*)$/m.exec(groups) ?? []
  return [
    ...(first === undefined ? [] : [{ parent: join('/sys/fs/cgroup/memory', first), limit: 'memory.limit_in_bytes' }]),
    ...(second === undefined ? [] : [{ parent: join('/sys/fs/cgroup', second), limit: 'memory.max' }]),
  ]
}
