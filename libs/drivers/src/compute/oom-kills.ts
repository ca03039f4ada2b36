import { readFileSync } from 'node:fs'

/** How many processes the kernel has killed since it was started because memory ran out. */
export interface Kills {
  /** In the control group of this process, as far as that is counted. */
  readonly here: number
  /** On this machine, in all of its control groups. */
  readonly anywhere: number
}

/** Supports control groups v1 and v2, also in a container that sees its own group as the root. */
export function countKills(): Kills {
  return { here: countIn(files(), /^oom_kill (\d+)$/m), anywhere: countIn(['/proc/vmstat'], /^oom_kill (\d+)$/m) }
}

/** Where the kernel has killed a process for memory meanwhile. Groups that are not counted leave it at the machine. */
export function killedSince(before: Kills, now: Kills): 'here' | 'elsewhere' | 'nobody' {
  if (now.here > before.here) return 'here'
  return now.anywhere > before.anywhere ? 'elsewhere' : 'nobody'
}

let known: readonly string[] | undefined
/** A process stays in its group, as a rule: it is looked for once. */
function files(): readonly string[] {
  return (known ??= filesOf(textOf('/proc/self/cgroup')))
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.events), cgroup-v1/memory.html (memory.oom_control) */
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

/** In the first of these files that there is. */
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
    return '' // of another system
  }
}
