import { isServer, processOf, type Running, type Service } from './stack.ts'

/** What `cairn up` did with a service. */
export interface Change {
  readonly name: string
  readonly change: 'unchanged' | 'started' | 'restarted' | 'stopped'
  readonly why?: string
}

const SECRET = 'CAIRN_SECRET_'

/** The services whose processes are running, by name. */
export function runningServices(
  services: readonly Service[],
  running: Running | undefined,
): ReadonlyMap<string, Service> {
  const alive = services.filter(({ name }) => processOf(running, name) !== undefined)
  return new Map(alive.map((service) => [service.name, service]))
}

/** Returns what to do with a service, given what ran before. */
export function changeOf(service: Service, runningBefore: ReadonlyMap<string, Service>): Change {
  const { name, version } = service
  const before = runningBefore.get(name)
  if (!before) return { name, change: 'started' }
  if (before.version === version) return { name, change: 'unchanged' }
  return { name, change: 'restarted', why: whyOf(before, service) }
}

/** Lists the services that ran before and are no longer needed. */
export function stoppedOf(services: readonly Service[], runningBefore: ReadonlyMap<string, Service>): Change[] {
  const wanted = new Set(services.map(({ name }) => name))
  const gone = [...runningBefore.keys()].filter((name) => !wanted.has(name))
  return gone.map((name) => ({ name, change: 'stopped', why: 'the project no longer has it' }))
}

export function changeText({ name, change, why }: Change): string {
  return `${change.padEnd('restarted'.length)}  ${name}${why === undefined ? '' : `: ${why}`}`
}

/** Describes how two versions of a service differ. Secrets are named, but their values never appear. */
function whyOf(before: Service, now: Service): string {
  const names = [...new Set([...Object.keys(before.env), ...Object.keys(now.env)])]
  const differs = names.filter((name) => before.env[name] !== now.env[name]).sort()
  const reasons = differs.map((name) => {
    const what = name.startsWith(SECRET) ? `its secret ${name.slice(SECRET.length)}` : name
    if (before.env[name] === undefined) return `${what} is new`
    return now.env[name] === undefined ? `${what} is no longer set` : `${what} has changed`
  })
  const isMoved = before.connection !== now.connection
  if (isMoved) reasons.push('the connection to Kafka and the store has changed')
  const isOther = before.built !== now.built || JSON.stringify(of(before)) !== JSON.stringify(of(now))
  if (isOther || reasons.length === 0) reasons.push(isServer(now) ? 'its settings have changed' : 'Cairn has changed')
  return reasons.join('; ')
}

function of({ program, args }: Service): unknown {
  return [program, args]
}
