import { readFileSync } from 'node:fs'
import { childrenOf } from '../faults/replica.fixture.ts'
import type { World } from '../faults/world.fixture.ts'

/** Memory of the first process of each service with its children, and the age of that process, as text. */
export type Memory = ReadonlyMap<string, string>

export function memoryOf(world: World, names: readonly string[]): Memory {
  return new Map(
    names.map((name) => {
      const { pid } = world.replica(name)
      const bytes = [pid, ...childrenOf(pid)].reduce((sum, one) => sum + residentOf(one), 0)
      return [name, `${Math.round(bytes / 1e6)} MB (${Math.round(ageOf(pid) / 60)} min)`]
    }),
  )
}

/** Formats a table with one line for each service and one column for each moment. */
export function memoryTable(moments: Readonly<Record<string, Memory>>): string {
  const names = [...new Set(Object.values(moments).flatMap((memory) => [...memory.keys()]))]
  const line = (cells: readonly string[]) =>
    cells
      .map((cell) => cell.padEnd(18))
      .join('')
      .trimEnd()
  return [
    line(['memory', ...Object.keys(moments)]),
    ...names.map((name) => line([name, ...Object.values(moments).map((memory) => memory.get(name) ?? '')])),
  ].join('\n')
}

function residentOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0 // it has just ended
  }
}

/** Returns the age of a process in seconds. */
function ageOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const startedAt = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / TICKS_A_SECOND
    return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - startedAt
  } catch {
    return 0
  }
}
const TICKS_A_SECOND = 100
