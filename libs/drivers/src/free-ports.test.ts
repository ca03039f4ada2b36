import { createServer, type AddressInfo } from 'node:net'
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { freePorts } from './free-ports.ts'

it('keeps a wanted port if it is free, and replaces it if it is not', async () => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port: taken } = server.address() as AddressInfo
  const [free] = (await freePorts([undefined])) as [number]
  const found = await freePorts([free, taken])
  expect(found[0]).toBe(free)
  expect(found[1]).not.toBe(taken)
  await new Promise((closed) => server.close(closed))
})

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range'

it.skipIf(!existsSync(RANGE))('finds distinct ports that no outgoing connection can take', async () => {
  const found = await freePorts(Array.from({ length: 20 }))
  const [first] = readFileSync(RANGE, 'utf8').split(/\s+/).map(Number)
  expect(new Set(found).size).toBe(20)
  for (const port of found) expect(port).toBeLessThan(first!)
})
