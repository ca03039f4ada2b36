import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { freePorts } from './free-ports.ts'

it('never returns a port twice, even if it is wanted twice', async () => {
  const [wanted] = (await freePorts([undefined])) as [number]
  const ports = await freePorts([wanted, wanted, ...Array.from({ length: 1_000 }, () => undefined)])
  expect(new Set(ports).size).toBe(1_002)
  expect(ports).toContain(wanted)
})

it('returns another port if the wanted one is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [other] = await freePorts([port])
  expect(other).toBeGreaterThan(0)
  expect(other).not.toBe(port)
})
