// node supervisor.js <project's folder>: keeps the processes of a local stack running as services.json says.
//
// They keep running when this process is killed, so that no work is lost. The next `cairn up` starts another supervisor,
// which takes over the live processes.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { isGone, thisProcess } from '@cairn/drivers/process-id'
import { freeLock, takeLock } from '@cairn/drivers/lock'
import { markedProcesses } from './marked.ts'
import { isServer, Stack, writeJson, type Running, type Service } from './stack.ts'
import { SupervisedService } from './supervised-service.ts'

const CHECK_MS = 200

const stack = new Stack(process.argv[2]!)
if (!takeLock(stack.supervisorLock)) process.exit(0) // another supervisor watches this stack

const since = new Date().toISOString()
const before = stack.running
const marked = markedProcesses(stack.folder)
const supervised = new Map<string, SupervisedService>()
/** Services that are being stopped. */
const stopping = new Map<string, Promise<void>>()
let isShuttingDown = false
let isWritten = false
let text = ''

// If its log cannot be written, such as on a full disk, its lines are lost, but the supervisor goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
process.on('SIGUSR1', () => {}) // otherwise any process of this user could start the debugger
process.once('SIGTERM', () => void shutDown()).once('SIGINT', () => void shutDown())
setInterval(check, CHECK_MS)
check()

function check(): void {
  if (isShuttingDown) return
  if (!existsSync(stack.servicesFile)) return void shutDown() // the project is gone
  try {
    const now = readFileSync(stack.servicesFile, 'utf8')
    if (now !== text) applyServices(JSON.parse(now) as Service[])
    if (stopping.size === 0) text = now
    writeState()
  } catch (error) {
    console.error(new Date().toISOString(), error) // such as a full disk: the next check tries again
  }
}

/** Stops unwanted services and starts new ones. */
function applyServices(services: readonly Service[]): void {
  const wanted = new Map(services.map((service) => [service.name, service]))
  for (const [name, { service }] of supervised) if (wanted.get(name)?.version !== service.version) stopService(name)
  for (const service of services)
    if (!supervised.has(service.name) && !stopping.has(service.name)) startService(service)
}

function startService(service: Service): void {
  const { name, version } = service
  const recorded = before?.services[name]
  const seen = marked.find((one) => one.service === name && !isGone(one.process))
  const found = recorded !== undefined && !isGone(recorded) ? recorded : seen?.process
  const history = before?.watch?.[name]
  const was = history?.version ?? seen?.version
  if (found !== undefined && was !== version) {
    supervised.set(name, new SupervisedService(stack, { ...service, version: was ?? '' }, changed, found))
    return stopService(name) // the next check starts its successor
  }
  const its = was === version && history
  const restarts = its && found === undefined ? { restarts: its.restarts + 1 } : {}
  supervised.set(name, new SupervisedService(stack, service, changed, found, its ? { ...its, ...restarts } : undefined))
}

function stopService(name: string): void {
  const stopped = supervised.get(name)!.stop()
  stopping.set(
    name,
    stopped.then(() => {
      supervised.delete(name)
      stopping.delete(name)
      text = ''
      changed()
    }),
  )
}

/** Records the state once all changes are done. */
function changed(): void {
  isWritten = false
  queueMicrotask(() => {
    try {
      writeState()
    } catch {
      // the next check tries again
    }
  })
}

function writeState(): void {
  if (isWritten || !existsSync(stack.folder)) return
  const of = <Value>(value: (one: SupervisedService) => Value | undefined) =>
    Object.fromEntries(
      [...supervised].flatMap(([name, one]) => {
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
  isWritten = true
}

/** Stops everything, Kafka and MinIO last: the others need them to shut down cleanly. */
async function shutDown(): Promise<void> {
  if (isShuttingDown) return
  isShuttingDown = true
  const all = [...supervised.values()]
  await Promise.all(all.filter(({ service }) => !isServer(service)).map((one) => one.stop()))
  await Promise.all(all.filter(({ service }) => isServer(service)).map((one) => one.stop()))
  rmSync(stack.runningFile, { force: true })
  freeLock(stack.supervisorLock)
  process.exit(0)
}
