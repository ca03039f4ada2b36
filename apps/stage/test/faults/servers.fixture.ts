import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '@cairn/drivers/free-ports'
import { kafkaServer } from '@cairn/tools/servers/kafka'
import { minioServer } from '@cairn/tools/servers/minio'
import { stopProcess } from '@cairn/drivers/stop-process'
import { launch, untilReady, type Launch } from '@cairn/tools/servers/server-process'
import { SmallDisk } from './disk.fixture.ts'
import { REPOSITORY } from './programs.fixture.ts'
import type { Endpoints } from './world.fixture.ts'

const UP_MS = 180_000
/** Default size of the disk of MinIO in bytes: small enough to fill it in a test. */
const DISK_BYTES = 1 << 30

/** A server that a test may kill and start again with the same data and address. */
export class Server {
  readonly #launch: Launch
  #process = ''
  #guard: ChildProcess | undefined

  constructor(launch: Launch) {
    this.#launch = launch
  }

  /** Starts the server. Resolves once it answers. A guard process stops it if this process ends for any reason. */
  async start(): Promise<void> {
    this.#process = launch(this.#launch)
    const args = [join(REPOSITORY, 'tools/servers/guard.ts'), this.#process]
    this.#guard = spawn(process.execPath, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    await untilReady(this.#launch, this.#process, UP_MS)
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(Number(this.#process.split('/')[1]), signal)
  }

  /** Kills the server with SIGKILL. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.stop()
  }

  async stop(): Promise<void> {
    await stopProcess(this.#process)
    this.#guard?.stdin!.end()
  }
}

/** Kafka and MinIO servers that one test owns. */
export class OwnServers {
  readonly endpoints: Endpoints
  readonly kafka: Server
  readonly minio: Server
  readonly #folder: string
  readonly #disk: SmallDisk | undefined

  private constructor(folder: string, disk: SmallDisk | undefined, ports: readonly number[]) {
    this.#folder = folder
    this.#disk = disk
    const [kafkaPort, controllerPort, s3Port] = ports as [number, number, number]
    const credentials = { accessKey: 'cairn-faults', secretKey: 'a-key-of-this-test-only' }
    this.endpoints = {
      kafka: { brokers: [`127.0.0.1:${kafkaPort}`] },
      s3: { endpoint: `http://127.0.0.1:${s3Port}`, ...credentials },
    }
    this.kafka = new Server(kafkaServer(join(folder, 'kafka'), kafkaPort, controllerPort))
    // By default, the server removes the parts of killed uploads only after a day.
    const env = { MINIO_API_STALE_UPLOADS_EXPIRY: '30s', MINIO_API_STALE_UPLOADS_CLEANUP_INTERVAL: '5s' }
    const minio = minioServer(join(folder, 'minio'), s3Port, credentials)
    this.minio = new Server({ ...minio, env: { ...minio.env, ...env } })
  }

  /** @param diskBytes size of the disk of MinIO, if this user may mount one */
  static async start({ diskBytes = DISK_BYTES } = {}): Promise<OwnServers> {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-fault-servers-'))
    const disk = SmallDisk.mount(join(folder, 'minio'), diskBytes)
    const servers = new OwnServers(folder, disk, await freePorts([undefined, undefined, undefined]))
    await Promise.all([servers.kafka.start(), servers.minio.start()])
    return servers
  }

  /** Data folder of MinIO. */
  get data(): string {
    return join(this.#folder, 'minio', 'data')
  }

  /** Whether MinIO has its own disk, which `fillDisk` can fill. */
  get hasDisk(): boolean {
    return this.#disk !== undefined
  }

  /** Fills the disk of MinIO except for a few kB. Returns a function that frees it. */
  fillDisk(): () => void {
    return this.#disk!.fill()
  }

  async close(): Promise<void> {
    await Promise.all([this.kafka.stop(), this.minio.stop()])
    this.#disk?.unmount()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
