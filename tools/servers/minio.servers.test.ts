import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '@cairn/drivers/free-ports'
import { isGone } from '@cairn/drivers/process-id'
import { minioStore, type MinioStore } from '@cairn/drivers/store/minio'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MINIO, minioServer } from './minio.ts'
import { isAtHand } from './needed.fixture.ts'
import { BUILD_DEADLINE_MS, install, lacking } from './programs.ts'
import { stopProcess } from '@cairn/drivers/stop-process'
import { launch, untilReady, type Launch } from './server-process.ts'

/** Timeouts for a busy machine. */
const PATIENCE_MS = 600_000

describe.runIf(isAtHand(lacking(MINIO)))('a store whose server fails', () => {
  beforeAll(() => install(MINIO, console.error), BUILD_DEADLINE_MS)
  let folder: string
  let server: Launch
  let running: string
  let store: MinioStore
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cairn-outage-'))
    const [port] = (await freePorts([undefined])) as [number]
    const credentials = { accessKey: 'cairn-test', secretKey: randomBytes(16).toString('hex') }
    server = minioServer(join(folder, 'minio'), port, credentials)
    running = launch(server)
    await untilReady(server, running, PATIENCE_MS / 2)
    const endpoint = `http://127.0.0.1:${port}`
    const patience = { silenceMs: 300, deadlineMs: PATIENCE_MS / 2 }
    store = minioStore({ endpoint, ...credentials, bucket: 'kept', cache: join(folder, 'cache'), ...patience })
    await store.ensureBucket()
  })
  afterEach(async () => {
    await store.close()
    await stopProcess(running)
    rmSync(folder, { recursive: true, force: true })
  })

  const signal = (name: NodeJS.Signals) => process.kill(Number(running.split('/')[1]), name)
  const crash = async () => {
    signal('SIGKILL')
    while (!isGone(running)) await sleep(5)
  }
  const restart = async () => {
    running = launch(server)
    await untilReady(server, running, PATIENCE_MS / 2)
  }
  /** Two writers create each record. Returns how many of them the store reported as the first. */
  const claimAll = async (
    records: readonly string[],
    onProgress: (done: number) => void,
  ): Promise<Map<string, number>> => {
    const firsts = new Map(records.map((record) => [record, 0]))
    let done = 0
    const writer = async (own: string[]) => {
      for (let record: string | undefined; (record = own.pop()) !== undefined; onProgress(++done))
        if (await store.create(record, Buffer.from('the same'))) firsts.set(record, firsts.get(record)! + 1)
    }
    const lists = [0, 1].flatMap(() => [0, 1, 2, 3].map((part) => records.filter((_, index) => index % 4 === part)))
    await Promise.all(lists.map(writer))
    return firsts
  }
  const records = Array.from({ length: 400 }, (_, index) => `run/ends/${index}`)

  it('still stores an object if the server is killed during the upload and comes back', async () => {
    const file = join(await store.scratch(), 'large')
    const hash = createHash('sha256')
    for (let index = 0; index < 200; index++) {
      const piece = randomBytes(1_000_000)
      hash.update(piece)
      appendFileSync(file, piece)
    }
    const digest = hash.digest('hex')
    const put = store.put(`objects/${digest}`, { file })
    const parts = join(folder, 'minio', 'data', '.minio.sys', 'multipart', '**', 'part.*')
    while (globSync(parts).length < 3) await sleep(5)
    await crash()
    await restart()
    await put
    rmSync(join(folder, 'cache'), { recursive: true })
    const fetched = (await store.fetch(`objects/${digest}`))!
    expect(createHash('sha256').update(readFileSync(fetched)).digest('hex')).toBe(digest)
  })

  it('tells exactly one writer of each record that it was first, even if the server is killed meanwhile', async () => {
    let crashed: Promise<void> | undefined
    const firsts = await claimAll(records, (done) => {
      if (done === 100) crashed = crash().then(restart)
    })
    await crashed
    expect([...firsts.values()].filter((times) => times !== 1)).toEqual([])
    expect(await store.children('run/ends/')).toHaveLength(records.length)
  })

  it('tells exactly one writer of each record that it was first, even if the server is frozen for a while', async () => {
    let still = 0
    const firsts = await claimAll(records, (done) => {
      if (done !== 100 && done !== 300) return
      still++
      signal('SIGSTOP')
      setTimeout(() => signal('SIGCONT'), 1_000) // three times as long as the store waits for an answer
    })
    expect(still).toBe(2)
    expect([...firsts.values()].filter((times) => times !== 1)).toEqual([])
  })
})
