// node supervisor.js <project's folder>: keeps the processes of a local stack running as services.json says.
//
// They keep running when this process is killed, so that no work is lost. The next `cairn up` starts another supervisor,
// which takes over the live processes.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { isGone, thisProcess } from '@cairn/drivers/process-id'
import { freeLock, takeLock } from '@cairn/drivers/lock'
import { markedProcesses } from './marked.ts'
import { isServer, Stack, writeJson, type Running, type Service } from './stack.ts'
import { Watched } from './watched.ts'

const LOOK_MS = 200

const stack = new Stack(process.argv[2]!)
if (!takeLock(stack.supervisorLock)) process.exit(0) // another supervisor watches this stack

const since = new Date().toISOString()
const before = stack.running
const marked = markedProcesses(stack.folder)
const watched = new Map<string, Watched>()
/** Services that are being stopped. */
const leaving = new Map<string, Promise<void>>()
let isLeaving = false
let isTold = false
let text = ''

process.on('SIGUSR1', () => {}) // otherwise any process of this user could start the debugger
process.once('SIGTERM', () => void leave()).once('SIGINT', () => void leave())
setInterval(look, LOOK_MS)
look()

function look(): void {
  if (isLeaving) return
  if (!existsSync(stack.servicesFile)) return void leave() // the project is gone
  try {
    const now = readFileSync(stack.servicesFile, 'utf8')
    if (now !== text) follow(JSON.parse(now) as Service[])
    if (leaving.size === 0) text = now
    tell()
  } catch (error) {
    console.error(new Date().toISOString(), error) // such as a full disk: the next check tries again
  }
}

/** Stops unwanted services and starts new ones. */
function follow(services: readonly Service[]): void {
  const wanted = new Map(services.map((service) => [service.name, service]))
  for (const [name, { service }] of watched) if (wanted.get(name)?.version !== service.version) end(name)
  for (const service of services) if (!watched.has(service.name) && !leaving.has(service.name)) begin(service)
}

function begin(service: Service): void {
  const { name, version } = service
  const told = before?.services[name]
  const seen = marked.find((one) => one.service === name && !isGone(one.process))
  const found = told !== undefined && !isGone(told) ? told : seen?.process
  const history = before?.watch?.[name]
  const was = history?.version ?? seen?.version
  if (found !== undefined && was !== version) {
    watched.set(name, new Watched(stack, { ...service, version: was ?? '' }, changed, found))
    return end(name) // the next check starts its successor
  }
  const its = was === version && history
  const restarts = its && found === undefined ? { restarts: its.restarts + 1 } : {}
  watched.set(name, new Watched(stack, service, changed, found, its ? { ...its, ...restarts } : undefined))
}

function end(name: string): void {
  const stopped = watched.get(name)!.stop()
  leaving.set(
    name,
    stopped.then(() => {
      watched.delete(name)
      leaving.delete(name)
      text = ''
      changed()
    }),
  )
}

/** Records the state once all changes are done. */
function changed(): void {
  isTold = false
  queueMicrotask(() => {
    try {
      tell()
    } catch {
      // the next check tries again
    }
  })
}

function tell(): void {
  if (isTold || !existsSync(stack.folder)) return
  const of = <Value>(value: (one: Watched) => Value | undefined) =>
    Object.fromEntries(
      [...watched].flatMap(([name, one]) => {
        const its = value(one)
        return its === undefined ? [] : [[name, its]]
      }),
    ) as Record<string, Value>
  const running: Running = {
    supervisor: thisProcess,
    since,
    services: of(({ process }) => process),
    watch: of(({ watch }) => watch),
  }
  writeJson(stack.runningFile, running)
  isTold = true
}

/** Stops everything, Kafka and MinIO last: the others need them to shut down cleanly. */
async function leave(): Promise<void> {
  if (isLeaving) return
  isLeaving = true
  const all = [...watched.values()]
  await Promise.all(all.filter(({ service }) => !isServer(service)).map((one) => one.stop()))
  await Promise.all(all.filter(({ service }) => isServer(service)).map((one) => one.stop()))
  rmSync(stack.runningFile, { force: true })
  freeLock(stack.supervisorLock)
  process.exit(0)
}
