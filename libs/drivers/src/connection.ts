import { existsSync, readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import type { KafkaBus, KafkaBusOptions } from './events/kafka.ts'
import type { MinioStore, MinioStoreOptions } from './store/minio.ts'

/** Addresses and credentials of the services of an environment. */
export interface Connection {
  /** Name of the environment: the first part of every path and topic. */
  readonly env: string
  readonly kafka: KafkaConnection
  readonly s3: S3Connection
  readonly control?: { readonly url: string; readonly token: string }
}
export interface KafkaConnection {
  readonly brokers: readonly string[]
  /** Enables TLS. `ca` is the PEM text of the certificate authority, if it is not a public one. */
  readonly tls?: { readonly ca?: string }
  readonly username?: string
  readonly password?: string
}
export interface S3Connection {
  /** `http://127.0.0.1:9000`, `https://s3.example.com` */
  readonly endpoint: string
  readonly bucket: string
  readonly accessKey: string
  readonly secretKey: string
  /** Token of temporary credentials. */
  readonly sessionToken?: string
  readonly region?: string
}

/**
 * Reads the connection from environment variables. `<NAME>_FILE` may name a file that contains the value of `<NAME>`,
 * as orchestrators mount secrets. If CAIRN_CONNECTION is set, it names a JSON file with the whole connection.
 *
 * @throws CairnError NOT_FOUND if a variable or the file is missing, BAD_RECORD if the file is not valid JSON
 */
export function readConnection(environment: NodeJS.ProcessEnv = process.env): Connection {
  const { CAIRN_CONNECTION: file } = environment
  if (file !== undefined) return readConnectionFile(file)
  const get = (name: string): string | undefined => {
    const path = environment[`${name}_FILE`]
    return path === undefined ? environment[name] : readFileSync(path, 'utf8').trim()
  }
  const need = (name: string): string => {
    const value = get(name)
    if (value) return value
    throw new CairnError('NOT_FOUND', `${name} is not set`, {
      next: `set ${name} or ${name}_FILE, or set CAIRN_CONNECTION to a connection file (cairn up writes one)`,
    })
  }
  const [username, password, ca, region, sessionToken] = [
    get('CAIRN_KAFKA_USERNAME'),
    get('CAIRN_KAFKA_PASSWORD'),
    get('CAIRN_KAFKA_CA'),
    get('CAIRN_S3_REGION'),
    get('CAIRN_S3_SESSION_TOKEN'),
  ]
  return {
    env: need('CAIRN_ENV'),
    kafka: {
      brokers: need('CAIRN_KAFKA_BROKERS').split(','),
      ...((ca !== undefined || get('CAIRN_KAFKA_TLS') === 'true') && { tls: ca === undefined ? {} : { ca } }),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
    },
    s3: {
      endpoint: need('CAIRN_S3_ENDPOINT'),
      bucket: need('CAIRN_S3_BUCKET'),
      accessKey: need('CAIRN_S3_ACCESS_KEY'),
      secretKey: need('CAIRN_S3_SECRET_KEY'),
      ...(region !== undefined && { region }),
      ...(sessionToken !== undefined && { sessionToken }),
    },
  }
}

/** @throws CairnError NOT_FOUND if the file does not exist, BAD_RECORD if it is not valid JSON */
export function readConnectionFile(file: string): Connection {
  if (!existsSync(file))
    throw new CairnError('NOT_FOUND', `the connection file ${file} does not exist`, { next: 'cairn up' })
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Connection
  } catch (cause) {
    throw new CairnError('BAD_RECORD', `the connection file ${file} is not valid JSON`, {
      cause,
      next: 'cairn up',
    })
  }
}

export interface Connected {
  readonly bus: KafkaBus
  readonly store: MinioStore
  close(): Promise<void>
}
export interface ConnectOptions
  extends
    Pick<KafkaBusOptions, 'clientId' | 'closeTimeout' | 'sessionTimeout' | 'redeliverAfter' | 'log'>,
    StoreOptions {}
export interface StoreOptions extends Pick<MinioStoreOptions, 'cacheLimit' | 'copiesAreHeld'> {
  /** Local folder for copies of fetched objects. Default: a folder in the temporary directory, one for each user. */
  readonly cache?: string | undefined
}

/** Opens the event bus and the store of an environment. Connects to the servers only on first use. */
export async function openConnection(
  connection: Connection,
  { cache, cacheLimit, copiesAreHeld, ...options }: ConnectOptions,
): Promise<Connected> {
  const [{ kafkaBus }, store] = await Promise.all([
    import('./events/kafka.ts'),
    openStore(connection, { cache, cacheLimit, copiesAreHeld }),
  ])
  const { brokers, tls, username, password } = connection.kafka
  const bus = kafkaBus({
    ...options,
    brokers,
    ...(tls && { ssl: tls.ca === undefined ? true : { ca: [tls.ca] } }),
    ...(username !== undefined && { sasl: { mechanism: 'scram-sha-512', username, password: password ?? '' } }),
  })
  return {
    bus,
    store,
    async close() {
      await bus.close()
      await store.close()
    },
  }
}

/** Opens only the store of an environment. */
export async function openStore({ s3 }: Connection, options: StoreOptions = {}): Promise<MinioStore> {
  const { minioStore } = await import('./store/minio.ts')
  return minioStore({ ...s3, ...options, cache: options.cache ?? defaultCache() })
}

function defaultCache(): string {
  return join(tmpdir(), `cairn-${userInfo().uid}`, 'objects')
}
