import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '@cairn/drivers/free-ports'
import { stopProcess } from '@cairn/drivers/stop-process'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KAFKA, kafkaServer } from './kafka.ts'
import { isAtHand } from './needed.fixture.ts'
import { BUILD_DEADLINE_MS, install, lacking } from './programs.ts'
import { launch, untilReady } from './server-process.ts'

/** Deadline for a busy machine. */
const PATIENCE_MS = 300_000

describe.runIf(isAtHand(lacking(KAFKA)))('the folder of Kafka', () => {
  beforeAll(() => install(KAFKA, console.error), BUILD_DEADLINE_MS)
  let parent: string
  beforeEach(() => (parent = mkdtempSync(join(tmpdir(), 'cairn-kafka-'))))
  afterEach(() => rmSync(parent, { recursive: true, force: true }))

  it(
    'holds its data, whatever letters its path has, and is used again',
    async () => {
      const folder = join(parent, String.raw`josé Ωx\ü`)
      const [port, controllerPort] = (await freePorts([undefined, undefined])) as [number, number]
      for (const time of ['first', 'second']) {
        const server = kafkaServer(folder, port, controllerPort)
        const running = launch(server)
        await untilReady(server, running, PATIENCE_MS)
        await stopProcess(running)
        expect(existsSync(join(folder, 'data', 'meta.properties')), time).toBe(true)
        expect(readdirSync(parent), time).toEqual([String.raw`josé Ωx\ü`])
      }
    },
    3 * PATIENCE_MS,
  )

  it('is refused if its path has a comma, which separates folders for Kafka', () => {
    expect(() => kafkaServer(join(parent, 'a,b'), 1, 2)).toThrow('because the path contains a comma')
    expect(readdirSync(parent)).toEqual([])
  })
})
