import { createServer, type AddressInfo } from 'node:net'

/**
 * Finds distinct free ports on 127.0.0.1: the wanted ones where they are free, otherwise any. Keeps all of them bound
 * until the last is found, because the system may assign a released port again.
 */
export async function freePorts(wanted: readonly (number | undefined)[]): Promise<number[]> {
  const held = await Promise.all(wanted.map(async (port) => (await hold(port ?? 0)) ?? (await hold(0))!))
  await Promise.all(held.map(({ release }) => release()))
  return held.map(({ port }) => port)
}

/** Binds a port; returns undefined if it is in use. */
function hold(port: number): Promise<{ port: number; release: () => Promise<void> } | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    const release = () => new Promise<void>((closed) => void server.close(() => closed()))
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve({ port: (server.address() as AddressInfo).port, release }))
  })
}
