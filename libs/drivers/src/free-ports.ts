import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Lowest port to choose. */
const LOWEST = 10_000
/** Attempts to find a free port below those that the system gives to outgoing connections. */
const TRIES = 200

/**
 * Finds distinct free ports on 127.0.0.1: the wanted ones if they are free, otherwise random ones. Keeps all of them bound
 * until the last is found.
 *
 * Random ports are below those that the system gives to outgoing connections. Otherwise a connection could take the port
 * of a service while the service restarts, and keep it.
 */
export async function freePorts(wanted: readonly (number | undefined)[]): Promise<number[]> {
  const held = await Promise.all(
    wanted.map(async (port) => (port === undefined ? undefined : await bind(port)) ?? (await bindAny())),
  )
  await Promise.all(held.map(({ release }) => release()))
  return held.map(({ port }) => port)
}

interface BoundPort {
  readonly port: number
  readonly release: () => Promise<void>
}

async function bindAny(): Promise<BoundPort> {
  const end = firstOutgoingPort()
  for (let tries = 0; tries < TRIES; tries++) {
    const held = await bind(randomInt(LOWEST, end))
    if (held) return held
  }
  throw new Error(`no port between ${LOWEST} and ${end} on 127.0.0.1 could be bound`)
}

/** Binds a port; returns undefined if it is in use. */
function bind(port: number): Promise<BoundPort | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    const release = () => new Promise<void>((closed) => void server.close(() => closed()))
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve({ port, release }))
  })
}

/** The lowest port of outgoing connections: what Linux is set to, or a value below the range of other systems. */
function firstOutgoingPort(): number {
  try {
    const first = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0])
    return first > LOWEST + 1_000 ? first : 32_768 // nearly all ports are for outgoing connections
  } catch {
    return 32_768
  }
}
