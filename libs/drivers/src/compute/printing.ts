import { ChildProcess } from 'node:child_process'
import { writeSync } from 'node:fs'
import type { Stream } from './printed.ts'

/** What a pool's process does about its own streams. */

const STREAMS = ['stdout', 'stderr'] as const
const own = { stdout: process.stdout.write.bind(process.stdout), stderr: process.stderr.write.bind(process.stderr) }
const children = new Set<ChildProcess>()

/**
 * A write returns when it is in the pipe: a body that prints faster than its host reads waits, one that leaves loses
 * nothing, and all that it wrote, by whatever means, keeps its order.
 */
export function readyStreams(): void {
  for (const stream of STREAMS) {
    const { _handle: handle } = process[stream] as unknown as { _handle?: { setBlocking?(blocking: boolean): void } }
    handle?.setBlocking?.(true)
  }
  type Spawn = (this: ChildProcess, ...given: unknown[]) => unknown
  const { prototype } = ChildProcess as unknown as { prototype: { spawn: Spawn } }
  const spawn = prototype.spawn
  prototype.spawn = function (...given) {
    children.add(this)
    this.once('exit', () => children.delete(this))
    return spawn.apply(this, given)
  }
}

/**
 * Writes the marker behind all that was printed on each stream.
 *
 * @returns the streams that are closed
 */
export async function markEnd(marker: string): Promise<Stream[]> {
  const marked = await Promise.all(STREAMS.map((stream) => mark(stream, marker)))
  return STREAMS.filter((_, at) => !marked[at])
}

async function mark(stream: Stream, marker: string): Promise<boolean> {
  const { [stream]: out } = process
  while (out.writableCorked > 0) out.uncork()
  if (out.writable) {
    const written = await new Promise<boolean>((done) => own[stream](marker, (error) => done(!error)))
    if (written) return true
  }
  try {
    writeSync(stream === 'stdout' ? 1 : 2, marker)
    return true
  } catch {
    return false
  }
}

/** Whether a process or a thread that a body has started is still there. */
export function leavesRunning(): boolean {
  return [...children].some((child) => child.exitCode === null && child.signalCode === null && child.pid) || hasThread()
}

function hasThread(): boolean {
  return process.getActiveResourcesInfo().includes('MessagePort')
}

/** Returns a check whether nothing that was started since is still active: process, thread, timer, request, file write. */
export function watchActivity(): () => boolean {
  const before = resources()
  return () => !leavesRunning() && [...resources()].every(([name, count]) => count <= (before.get(name) ?? 0))
}

/** Counts, by kind, what keeps this process alive. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
