import { createServer, type AddressInfo } from 'node:net'

/**
 * Ports of the loopback address that nothing listens at, no two the same: those wanted, as far as they are free, else any.
 * All are held until the last is found: the system may give one that was let go to the next who asks.
 */
export async function freePorts(wanted: readonly (number | undefined)[]): Promise<number[]> {
  const held = await Promise.all(wanted.map(async (port) => (await hold(port ?? 0)) ?? (await hold(0))!))
  await Promise.all(held.map(({ release }) => release()))
  return held.map(({ port }) => port)
}

/** Undefined when someone listens there. */
function hold(port: number): Promise<{ port: number; release: () => Promise<void> } | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    const release = () => new Promise<void>((closed) => void server.close(() => closed()))
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve({ port: (server.address() as AddressInfo).port, release }))
  })
}
