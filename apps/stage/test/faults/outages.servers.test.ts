import { randomUUID } from 'node:crypto'
import { globSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAtHand } from '@cairn/tools/servers/needed.fixture'
import { lackingTools } from '@cairn/tools/servers/servers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asTable, checkInvariants } from './invariants.fixture.ts'
import { OwnServers } from './servers.fixture.ts'
import { World } from './world.fixture.ts'

/** Duration of outages in seconds. For a long test, set `CAIRN_FAULT_OUTAGE=60`. */
const OUTAGE = Number(process.env['CAIRN_FAULT_OUTAGE'] ?? 8)

describe.runIf(isAtHand(lackingTools()))('servers that fail', { timeout: 600_000 + OUTAGE * 2_000 }, () => {
  let servers: OwnServers
  let world: World
  beforeAll(async () => {
    servers = await OwnServers.start()
    world = await World.open(servers.endpoints, { env: `outages-${randomUUID().slice(0, 8)}` })
    await world.start()
  })
  afterEach(async () => {
    const report = await checkInvariants(world)
    console.log(`${expect.getState().currentTestName}\n${asTable(report)}\n`)
  })
  afterAll(async () => {
    await world?.close()
    await servers?.close()
  })

  const leftOfUploads = () => globSync(`${servers.data}/.minio.sys/multipart/*/*`)
  it('completes a run after an upload was killed, although its parts remain', async () => {
    world.arm('draw', 'uploading')
    const run = await world.submit(world.fresh({ sheetBytes: 40 << 20 }))
    await world.until('draw died while it uploaded', () => world.reached('draw'))
    expect(leftOfUploads().length).toBeGreaterThan(0)
    expect(await world.untilEnded([run])).toEqual({ [run]: 'completed' })
  })

  it(`continues all runs after Kafka was killed and down for ${OUTAGE} s`, async () => {
    const runs = [await world.submit(world.fresh({ drawMs: 1_500 })), await world.submit(), await world.submit()]
    await world.untilHeard(runs[2]!, 'completed', 'draw')
    await servers.kafka.kill()
    const meanwhile = world.submit().catch(() => undefined) // succeeds only if Kafka is back before its timeout
    await sleep(OUTAGE * 1_000)
    await servers.kafka.start()
    const back = performance.now()
    await world.reconnect()
    runs.push((await meanwhile) ?? (await world.submit()))
    expect(new Set(Object.values(await world.untilEnded(runs)))).toEqual(new Set(['completed']))
    console.log(`all had ended ${Math.round((performance.now() - back) / 1_000)} s after Kafka was back`)
  })

  it(`loses no result after MinIO was killed during a commit and down for ${OUTAGE} s`, async () => {
    const cut = world.proxy.next('cut off', 'PUT', /\/objects\/.*partNumber=2/)
    const large = await world.submit(world.fresh({ sheetBytes: 40 << 20 }))
    const runs = [large, await world.submit(), await world.submit()]
    await cut
    await servers.minio.kill()
    await sleep(OUTAGE * 1_000)
    await servers.minio.start()
    expect(new Set(Object.values(await world.untilEnded(runs)))).toEqual(new Set(['completed']))
  })

  it('completes a task in one attempt if MinIO is killed between the objects and the end record', async () => {
    const lost = world.proxy.next('answer lost', 'PUT', /\/checkpoints\/total\//)
    const run = await world.submit()
    await lost
    await servers.minio.kill()
    await sleep(2_000)
    await servers.minio.start()
    expect(await world.untilEnded([run])).toEqual({ [run]: 'completed' })
    expect((await world.end(run, 'total')).attempts).toBe(1)
  })

  it('waits while the disk of MinIO is full, then continues', async ({ skip }) => {
    if (!servers.hasDisk) skip('this user may not mount a disk of its own')
    const runs = [await world.submit(world.fresh({ drawMs: 2_000, sheetBytes: 2 << 20 })), await world.submit()]
    await world.untilHeard(runs[0]!, 'attempt-started/1', 'draw')
    const free = servers.fillDisk()
    await expect(world.store.create('probe/full', Buffer.alloc(1 << 20))).rejects.toThrow(/full|space/i)
    await world.until('draw waits for the store', async () => (await world.readiness('draw'))['progress'] !== 'ok')
    free()
    expect(new Set(Object.values(await world.untilEnded(runs)))).toEqual(new Set(['completed']))
  })

  it('finds no parts of killed uploads after the grace period of the server', async () => {
    await world.until('no part of them is left', () => leftOfUploads().length === 0)
  })
})
