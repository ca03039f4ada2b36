import { createPrivateKey, hash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Connection } from '@cairn/drivers/connection'
import { newSigningKey, publicKeyOf } from '@cairn/drivers/identity'
import { CairnError, type Pipeline } from '@cairn/kernel'
import { asProperties, formatArguments, secureKafka, singleNode } from '../secure/kafka.ts'
import { ADMIN, usersOf, type Consuming } from '../secure/users.ts'

/** What to set up: the services of an environment, and its addresses on this machine. */
export interface Setup {
  readonly env: string
  /** Whether each service has its own name and password. */
  readonly isSecure: boolean
  readonly ports: { readonly control: string; readonly kafka: string; readonly s3: string }
  readonly pipelines: readonly Pipeline[]
  readonly consumers: readonly Consuming[]
}

/** Generated once at random. */
interface Keys {
  readonly token: string
  readonly clusterId: string
  /** PEM of the key that control signs plans with. */
  signingKey?: string
  /** Passwords by user. */
  readonly passwords: Record<string, string>
}

const BUCKET = 'cairn'
/** Volumes: one only for the set-up, one for the services, and one for Kafka's certificates. */
const [KEYS, SETTINGS, TLS] = ['/keys/keys.json', '/settings', '/tls']
const RIGHTS = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect']

/** Writes the settings of each service; existing secrets are kept. */
export function writeSettings(setup: Setup): void {
  const users = setup.isSecure ? usersOf({ bucket: BUCKET, ...setup }) : []
  const keys = existsSync(KEYS)
    ? readKeys()
    : { token: secret(), clusterId: randomBytes(16).toString('base64url'), passwords: {} }
  for (const name of [ADMIN, ...users.map(({ name }) => name)]) keys.passwords[name] ??= secret()
  keys.signingKey ??= newSigningKey()
  write(KEYS, json(keys), 0o600)

  const put = (service: string, file: string, content: string) => write(join(folderOf(setup, service), file), content)
  const root = inside(setup, keys, ADMIN)
  put('services', 'connection.json', json(root))
  put('minio', 'user', ADMIN)
  put('minio', 'password', keys.passwords[ADMIN]!)
  const token = { name: 'local', sha256: hash('sha256', keys.token), pipelines: ['*'], rights: RIGHTS }
  put('control', 'tokens.json', json([token]))
  put('control', 'signing-key.pem', keys.signingKey)
  const plansBy = json({ control: publicKeyOf({ key: createPrivateKey(keys.signingKey) }) })
  if (!setup.isSecure) return put('stages', 'plans-by.json', plansBy)

  put('services', 'passwords.json', json(keys.passwords))
  for (const { name } of users) {
    put(name, 'connection.json', json(inside(setup, keys, name)))
    put(name, 'plans-by.json', plansBy)
  }
  const listeners = {
    clients: {
      CLIENTS: { bound: '0.0.0.0:9092', advertised: 'kafka:9092' },
      HOST: { bound: '0.0.0.0:29092', advertised: `127.0.0.1:${setup.ports.kafka}` },
    },
    internal: '127.0.0.1:9094',
    controller: '127.0.0.1:9093',
  }
  const password = readFileSync(join(TLS, 'kafka.p12.password'), 'utf8')
  const kafka = secureKafka(listeners, { keystore: `${TLS}/kafka.p12`, password, ca: `${TLS}/ca.pem` })
  put('kafka', 'server.properties', asProperties({ ...singleNode, ...kafka, 'log.dirs': '/var/lib/kafka/data' }))
  put('kafka', 'format.arguments', formatArguments(keys.clusterId, keys.passwords).join('\n'))
}

/** For `cairn --on`. */
export function contextOf({ env, ports }: Setup) {
  return { env, control: { url: `http://127.0.0.1:${ports.control}`, token: readKeys().token } }
}

/** The connection for a program on this machine with all rights. */
export function hostConnectionOf(setup: Setup): Connection {
  const { kafka, s3, ...connection } = inside(setup, readKeys(), ADMIN)
  return {
    ...connection,
    kafka: { ...kafka, brokers: [`127.0.0.1:${setup.ports.kafka}`] },
    s3: { ...s3, endpoint: `http://127.0.0.1:${setup.ports.s3}` },
  }
}

/** The connection for a service. */
function inside({ env, isSecure }: Setup, { passwords }: Keys, user: string): Connection {
  const password = passwords[user]!
  const proof = () => ({ tls: { ca: readFileSync(join(TLS, 'ca.pem'), 'utf8') }, username: user, password })
  return {
    env,
    kafka: { brokers: ['kafka:9092'], ...(isSecure && proof()) },
    s3: { endpoint: 'http://minio:9000', bucket: BUCKET, accessKey: user, secretKey: password },
  }
}

/** The volume of a user: its own, or a shared one. */
function folderOf({ isSecure }: Setup, service: string): string {
  return isSecure ? join(SETTINGS, service) : SETTINGS
}

function readKeys(): Keys {
  if (existsSync(KEYS)) return JSON.parse(readFileSync(KEYS, 'utf8')) as Keys
  throw new CairnError('NOT_FOUND', 'nothing has been set up yet', { next: 'docker compose up --wait' })
}

function secret(): string {
  return randomBytes(24).toString('base64url')
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Writes a file atomically. Services run as other users, and each only sees its own volume. */
function write(file: string, content: string, mode = 0o444): void {
  mkdirSync(dirname(file), { recursive: true })
  const made = `${file}.${randomUUID()}`
  writeFileSync(made, content, { mode })
  renameSync(made, file)
}
