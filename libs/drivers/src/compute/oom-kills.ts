import { readFileSync } from 'node:fs'

/** Number of processes killed so far by the kernel's OOM killer. */
export interface Kills {
  /** In the control group of this process; 0 if the kernel does not count them. */
  readonly here: number
  /** On the whole machine. */
  readonly anywhere: number
}

/**
 * Reads the kernel's counters. Supports control groups v1 and v2, also in a container that sees its own group as the
 * root.
 */
export function countKills(): Kills {
  return { here: countIn(files(), /^oom_kill (\d+)$/m), anywhere: countIn(['/proc/vmstat'], /^oom_kill (\d+)$/m) }
}

/**
 * Returns where the OOM killer killed a process between two counts. If the group of this process is not counted, a kill
 * in it counts as 'elsewhere'.
 */
export function killedSince(before: Kills, now: Kills): 'here' | 'elsewhere' | 'nobody' {
  if (now.here > before.here) return 'here'
  return now.anywhere > before.anywhere ? 'elsewhere' : 'nobody'
}

let known: readonly string[] | undefined
/** Cached, because a process normally stays in its group. */
function files(): readonly string[] {
  return (known ??= filesOf(textOf('/proc/self/cgroup')))
}

/**
 * Lists the files that may hold the counter of this group. Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html
 * (memory.events), cgroup-v1/memory.html (memory.oom_control)
 */
function filesOf(groups: string): readonly string[] {
  const [, second] = /^0::(\/.*)$/m.exec(groups) ?? []
  const [, first] = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(groups) ?? []
  const of = (root: string, path: string | undefined, file: string) =>
    path === undefined ? [] : [`${root}${path === '/' ? '' : path}/${file}`, `${root}/${file}`]
  return [
    ...of('/sys/fs/cgroup/memory', first, 'memory.oom_control'),
    ...(first === undefined ? of('/sys/fs/cgroup', second, 'memory.events') : []),
  ]
}

/** Returns a counter from the first file that has it; 0 if none has. */
function countIn(paths: readonly string[], pattern: RegExp): number {
  for (const path of paths) {
    const [, count] = pattern.exec(textOf(path)) ?? []
    if (count !== undefined) return Number(count)
  }
  return 0
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // another operating system
  }
}
