import { ChildProcess } from 'node:child_process'
import { writeSync } from 'node:fs'
import type { Stream } from './captured-output.ts'

/** The output streams of a worker process, and what its bodies leave running. */

const STREAMS = ['stdout', 'stderr'] as const
const own = { stdout: process.stdout.write.bind(process.stdout), stderr: process.stderr.write.bind(process.stderr) }
const children = new Set<ChildProcess>()

/**
 * Makes writes to stdout and stderr blocking, and starts to track child processes. With blocking writes, a body that
 * prints faster than its host reads has to wait, no output is lost on exit, and all output keeps its order, however it
 * is written.
 */
export function setUpStreams(): void {
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
 * Writes the marker to each stream, after all that was printed so far.
 *
 * @returns the streams that the body has closed, which therefore have no marker
 */
export async function writeMarkers(marker: string): Promise<Stream[]> {
  const marked = await Promise.all(STREAMS.map((stream) => writeMarker(stream, marker)))
  return STREAMS.filter((_, at) => !marked[at])
}

async function writeMarker(stream: Stream, marker: string): Promise<boolean> {
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

/** Returns whether a process or thread that a body started is still running. */
export function hasRunningWork(): boolean {
  return [...children].some((child) => child.exitCode === null && child.signalCode === null && child.pid) || hasThread()
}

function hasThread(): boolean {
  return process.getActiveResourcesInfo().includes('MessagePort')
}

/**
 * Returns a function that reports whether everything started since has ended: processes, threads, timers, requests,
 * file writes.
 */
export function watchActivity(): () => boolean {
  const before = resources()
  return () => !hasRunningWork() && [...resources()].every(([name, count]) => count <= (before.get(name) ?? 0))
}

/** Counts the resources that keep the event loop alive, by type. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
