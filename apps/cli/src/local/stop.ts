import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { isGone, pidOf } from '@cairn/drivers/process-id'
import { stopProcess } from '@cairn/drivers/stop-process'
import { markedProcesses } from './marked.ts'
import { isServer, type Stack } from './stack.ts'

/** Longer than the supervisor waits for the services and then for Kafka and MinIO. */
const SUPERVISOR_STOP_MS = 75_000
/** Time for processes that no supervisor stops. */
const PROCESS_STOP_MS = 30_000

interface Stopped {
  /** Number of processes that ended. */
  readonly ended: number
  /** Processes that are still running, as text. */
  readonly left: readonly string[]
}

/** Stops every process of the stack, however it was started, and returns those that could not be stopped. */
export async function stopStack(stack: Stack): Promise<Stopped> {
  const { running, services } = stack
  const names = new Map<string, string>()
  const addProcess = (process: string, name: string) =>
    isGone(process) || names.has(process) || names.set(process, name)
  const addMarked = () => markedProcesses(stack.folder).forEach(({ process, service }) => addProcess(process, service))
  if (running) for (const [name, process] of Object.entries(running.services)) addProcess(process, name)
  addMarked()
  if (running && !isGone(running.supervisor)) {
    names.set(running.supervisor, 'supervisor')
    await stopProcess(running.supervisor, SUPERVISOR_STOP_MS)
  }
  addMarked()
  // Kafka and MinIO last: the others need them to shut down cleanly.
  const servers = new Set(services.filter(isServer).map(({ name }) => name))
  const alive = () => [...names].filter(([process]) => !isGone(process))
  for (const group of [alive().filter(([, name]) => !servers.has(name)), alive()])
    await Promise.all(group.map(([process]) => stopProcess(process, PROCESS_STOP_MS)))
  addMarked()
  await Promise.all(alive().map(([process]) => stopProcess(process, 0)))
  for (const { container } of services)
    if (container !== undefined) spawnSync('docker', ['rm', '--force', container], { stdio: 'ignore' })
  const left = alive()
  if (left.length === 0) rmSync(stack.runningFile, { force: true })
  return { ended: names.size - left.length, left: left.map(([process, name]) => `${name} (process ${pidOf(process)})`) }
}
