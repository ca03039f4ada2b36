// node keeper.js <project's folder>: runs the services of a local stack, and starts again those that end.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { processName, thisProcess } from '@cairn/drivers/process-id'
import { Stack, writeJson, type Service } from './stack.ts'

const AGAIN_MS = 500
const LONGEST_MS = 15_000
/** A service that ran for so long is well again: the next start need not wait. */
const WELL_MS = 30_000
/** Longer than the services' own time to leave. */
const LEAVE_MS = 30_000

const stack = new Stack(process.argv[2]!)
const children = new Map<string, ChildProcess>()
let isLeaving = false

for (const service of stack.services) start(service, AGAIN_MS)
process.once('SIGTERM', () => void leave()).once('SIGINT', () => void leave())

function start(service: Service, wait: number): void {
  const log = stack.log(service.name)
  mkdirSync(dirname(log), { recursive: true })
  const output = openSync(log, 'a', 0o600)
  const startedAt = performance.now()
  const child = spawn(process.execPath, [`--title=cairn ${service.name}`, service.main], {
    cwd: stack.root,
    env: { ...process.env, ...service.env },
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  children.set(service.name, child)
  tellRunning()
  child.once('exit', () => {
    children.delete(service.name)
    tellRunning()
    if (isLeaving) return
    const next = performance.now() - startedAt > WELL_MS ? AGAIN_MS : Math.min(wait * 2, LONGEST_MS)
    setTimeout(() => isLeaving || start(service, next), wait)
  })
}

function tellRunning(): void {
  const services = [...children].flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, processName(pid)]]))
  writeJson(stack.runningFile, {
    keeper: thisProcess,
    services: Object.fromEntries(services) as Record<string, string>,
  })
}

async function leave(): Promise<void> {
  isLeaving = true
  const ended = [...children.values()].map((child) => new Promise((done) => child.once('exit', done)))
  for (const child of children.values()) child.kill('SIGTERM')
  const late = setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), LEAVE_MS)
  await Promise.all(ended)
  clearTimeout(late)
  process.exit(0)
}
