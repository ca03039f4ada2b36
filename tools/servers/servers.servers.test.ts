import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isGone } from '@cairn/drivers/process-id'
import { kafkaAnswers, minioAnswers } from '@cairn/drivers/servers-answer'
import { minioStore } from '@cairn/drivers/store/minio'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isAtHand } from './needed.fixture.ts'
import { BUILD_DEADLINE_MS } from './programs.ts'
import { installServers, lackingTools, runningServers, startServers, stopServers } from './servers.ts'

// If the tests' own servers run in Docker, the tools to build servers may be missing.
describe.runIf(isAtHand(lackingTools()))('servers without Docker', () => {
  beforeAll(() => installServers(console.error), BUILD_DEADLINE_MS)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cairn-servers-test-'))))
  afterEach(async () => {
    await stopServers(folder)
    rmSync(folder, { recursive: true, force: true })
  })

  const processes = () =>
    (JSON.parse(readFileSync(join(folder, 'servers.json'), 'utf8')) as { processes: string[] }).processes
  /** A process that has started servers. If a free port is taken meanwhile, it tries other ports. */
  const starter = async (...args: string[]) => {
    for (let left = 3; left > 0; left--) {
      const child = fork(new URL('./starter.fixture.ts', import.meta.url), [folder, ...args], { execArgv: [] })
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      const isUp = new Promise<boolean>((resolve) => child.once('message', () => resolve(true)))
      if (await Promise.race([isUp, ended.then(() => false)])) return { child, ended }
    }
    throw new Error('no servers came up')
  }
  const open = ({ s3 }: { s3: { endpoint: string; accessKey: string; secretKey: string } }) =>
    minioStore({ ...s3, bucket: 'kept', cache: join(folder, 'cache') })

  it('start, and start again with the same ports, credentials and data', async () => {
    const servers = await startServers({ folder })
    expect(await kafkaAnswers(servers.kafka.brokers[0]!)).toBe(true)
    await open(servers).ensureBucket()
    await open(servers).create('record', Buffer.from('kept'))
    await servers.stop()
    expect(await kafkaAnswers(servers.kafka.brokers[0]!)).toBe(false)
    expect(await minioAnswers(servers.s3.endpoint)).toBe(false)
    expect(runningServers(folder)).toBeUndefined()

    const again = await startServers({ folder })
    expect([again.kafka, again.s3]).toEqual([servers.kafka, servers.s3])
    expect((await open(again).read('record'))?.toString()).toBe('kept')
  })

  it('show their credentials to their owner only, and have others in each folder', async () => {
    const [one, other] = await Promise.all([startServers({ folder }), startServers({ folder: join(folder, 'other') })])
    expect(statSync(join(folder, 'servers.json')).mode & 0o077).toBe(0)
    expect(one.s3.secretKey).not.toBe(other.s3.secretKey)
    await other.stop()
  })

  it('are started once, for any number of concurrent starts', async () => {
    const all = await Promise.all(Array.from({ length: 3 }, () => startServers({ folder })))
    expect(new Set(all.map(({ s3 }) => s3.endpoint)).size).toBe(1)
  })

  it('are both started again if one of them has died', async () => {
    const { kafka } = await startServers({ folder })
    process.kill(Number(processes()[1]!.split('/')[1]), 'SIGKILL')
    while (runningServers(folder)) await sleep(10)
    const again = await startServers({ folder })
    expect(again.kafka).toEqual(kafka)
    expect(await minioAnswers(again.s3.endpoint)).toBe(true)
  })

  it('do not outlive the process that started them, however it ends', async () => {
    const { child, ended } = await starter()
    child.kill('SIGKILL')
    await ended
    while (!processes().every(isGone)) await sleep(20)
  })

  it('outlive the process that started them if requested, until they are stopped', async () => {
    const { child, ended } = await starter('detached')
    child.kill('SIGKILL')
    await ended
    const { kafka, s3 } = runningServers(folder)!
    expect(await kafkaAnswers(kafka.brokers[0]!)).toBe(true)
    expect(await minioAnswers(s3.endpoint)).toBe(true)
    await stopServers(folder)
    expect(processes().every(isGone)).toBe(true)
  })

  it('report which of them failed and why, and leave none running', async () => {
    mkdirSync(join(folder, 'minio'), { recursive: true })
    mkdirSync(join(folder, 'kafka', 'data'), { recursive: true })
    writeFileSync(
      join(folder, 'kafka', 'data', 'meta.properties'),
      `version=1\ncluster.id=${randomUUID()}\nnode.id=7\n`,
    )
    await expect(startServers({ folder })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Kafka 4\.1\.0 ended before it was ready; the last lines of .*node id 7/s,
      ) as string,
      next: expect.stringContaining('server.log') as string,
    })
    expect(processes().every(isGone)).toBe(true)
  })

  it('report if they take too long', async () => {
    await expect(startServers({ folder, deadlineMs: 1 })).rejects.toThrow(/was not ready within 0\.001 s/)
    expect(processes().every(isGone)).toBe(true)
  })

  it('refuse a port that is taken', async () => {
    const { kafka } = await startServers({ folder })
    const taken = Number(kafka.brokers[0]!.split(':')[1])
    await expect(startServers({ folder: join(folder, 'other'), ports: { kafka: taken } })).rejects.toThrow(
      `port ${taken} for Kafka is already in use`,
    )
  })
})
