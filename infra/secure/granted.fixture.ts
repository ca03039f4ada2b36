import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConnection, type Connected, type Connection } from '@cairn/drivers/connection'
import { controlTopicOf, topicOf } from '@cairn/records'
import { KAFKA } from '@cairn/tools/servers/kafka'
import { install } from '@cairn/tools/servers/programs'
import { secureBroker } from './broker.fixture.ts'
import { grantAcls } from './grant.ts'
import { grantPolicies } from './minio.ts'
import type { EnvironmentBucket } from './policies.ts'
import { ADMIN, type User } from './users.ts'

export interface GrantedOptions extends EnvironmentBucket {
  /** MinIO with its administrator. */
  readonly s3: Omit<Connection['s3'], 'bucket'>
  readonly users: readonly User[]
  /** Pipelines with topics. */
  readonly pipelines: readonly string[]
}

/** A broker and a bucket with the users of an environment, each with its own password, as in the secure overlay. */
export class Granted {
  readonly folder = mkdtempSync(join(tmpdir(), 'cairn-secure-'))
  readonly passwords: Readonly<Record<string, string>>
  readonly #options: GrantedOptions
  readonly #open: Connected[] = []
  broker!: Awaited<ReturnType<typeof secureBroker>>

  private constructor(options: GrantedOptions) {
    this.#options = options
    const names = [ADMIN, ...options.users.map(({ name }) => name)]
    this.passwords = Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('base64url')]))
  }

  static async open(options: GrantedOptions): Promise<Granted> {
    const granted = new Granted(options)
    await granted.#setUp()
    return granted
  }

  /** The connection of a user. */
  connectionOf(user: string): Connection {
    const { env, bucket, s3 } = this.#options
    const keys =
      user === ADMIN
        ? { accessKey: s3.accessKey, secretKey: s3.secretKey }
        : { accessKey: this.#inMinio(user), secretKey: this.passwords[user]! }
    return { env, kafka: this.broker.connectionOf(user), s3: { endpoint: s3.endpoint, bucket, ...keys } }
  }

  connectAs(user: string): Promise<Connected> {
    return this.connect(this.connectionOf(user), user)
  }

  async connect(connection: Connection, name: string): Promise<Connected> {
    const connected = await openConnection(connection, { clientId: name, cache: join(this.folder, 'cache', name) })
    this.#open.push(connected)
    return connected
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((connected) => connected.close()))
    await this.broker?.stop()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #setUp(): Promise<void> {
    const { env, s3, users, pipelines } = this.#options
    await install(KAFKA, (line) => console.error(line))
    this.broker = await secureBroker(join(this.folder, 'kafka'), this.passwords)
    const { store, bus } = await this.connectAs(ADMIN)
    await store.ensureBucket()
    await store.probe()
    await bus.ensureTopics([controlTopicOf({ env }), ...pipelines.map((pipeline) => topicOf({ env, pipeline }))])
    await grantAcls(
      this.broker.connectionOf(ADMIN),
      users.flatMap(({ acls }) => acls),
    )
    const inMinio = users.map(({ name, policy }) => ({ name: this.#inMinio(name), policy }))
    await grantPolicies(s3, inMinio, (name) => this.passwords[name.slice(this.#inMinio('').length)]!)
  }

  /** MinIO's users belong to the server, which other tests share. */
  #inMinio(user: string): string {
    return `${this.#options.env}.${user}`
  }
}
