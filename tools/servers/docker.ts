import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaAnswers, minioAnswers } from '@cairn/drivers/servers-answer'
import { KAFKA_VERSION, kafkaSettings, type Command } from './kafka.ts'
import { minioEnvironment, type Credentials } from './minio.ts'
import { build } from './programs.ts'
import type { Launch } from './server-process.ts'

const KAFKA_IMAGE = process.env['CAIRN_KAFKA_IMAGE'] ?? `apache/kafka:${KAFKA_VERSION}`
const MINIO_IMAGE = process.env['CAIRN_MINIO_IMAGE'] ?? 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z'

export function dockerAnswers(): boolean {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 5_000 }).status === 0
}

/** Pulls missing images. */
export async function pullImages(note: (line: string) => void): Promise<void> {
  for (const image of [KAFKA_IMAGE, MINIO_IMAGE]) {
    if (spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0) continue
    note(`pulling ${image} …`)
    await build(image, ['docker', 'pull', image], {}, note)
  }
}

export function kafkaContainer(folder: string, port: number, keep: boolean): Launch {
  const settings = kafkaSettings(
    'PLAINTEXT://:9092,CONTROLLER://:9093',
    `PLAINTEXT://127.0.0.1:${port}`,
    'localhost:9093',
  )
  const variable = (name: string) => `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`
  const env = Object.entries(settings).map(([name, value]) => [variable(name), String(value)])
  return {
    ...container(folder, {
      ports: { [port]: 9092 },
      data: '/var/lib/kafka/data',
      keep,
      env: { ...(Object.fromEntries(env) as Record<string, string>), KAFKA_LOG_DIRS: '/var/lib/kafka/data' },
      command: [KAFKA_IMAGE],
    }),
    name: KAFKA_IMAGE,
    isReady: () => kafkaAnswers(`127.0.0.1:${port}`),
  }
}

/** The tool in the image, which reaches the broker from inside. */
export function consumerGroupsToolIn(folder: string): Command {
  const program = '/opt/kafka/bin/kafka-consumer-groups.sh'
  return ['docker', 'exec', nameOf(folder), program, '--bootstrap-server', 'localhost:9092']
}

export function minioContainer(folder: string, port: number, credentials: Credentials, keep: boolean): Launch {
  return {
    ...container(folder, {
      ports: { [port]: 9000 },
      data: '/data',
      keep,
      env: minioEnvironment(credentials),
      command: [MINIO_IMAGE, 'server', '/data'],
    }),
    name: MINIO_IMAGE,
    isReady: () => minioAnswers(`http://127.0.0.1:${port}`),
  }
}

function nameOf(folder: string): string {
  return `cairn-${hash('sha256', folder).slice(0, 12)}`
}

interface ContainerOptions {
  readonly ports: Readonly<Record<number, number>>
  readonly data: string
  /** The data folder outlives the container. */
  readonly keep: boolean
  readonly env: Readonly<Record<string, string>>
  readonly command: readonly string[]
}

/**
 * Docker's client represents the container and forwards signals to it. A container whose client was killed keeps running,
 * so it has a name, by which it is removed before it is started again. Secrets are not passed on the command line.
 */
function container(
  folder: string,
  { ports, data, keep, env, command }: ContainerOptions,
): Omit<Launch, 'name' | 'isReady'> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const name = nameOf(folder)
  const published = Object.entries(ports).map(([outside, inside]) => `--publish=127.0.0.1:${outside}:${inside}`)
  const variables = Object.keys(env).map((name) => `--env=${name}`)
  const volumes = keep ? [`--volume=${name}:${data}`] : []
  const run = ['run', '--rm', `--name=${name}`, ...volumes, ...published, ...variables, ...command]
  return {
    program: 'sh',
    args: ['-c', 'docker rm --force "$0" > /dev/null 2>&1; exec docker "$@"', name, ...run],
    container: name,
    env,
    log: join(folder, 'server.log'),
  }
}
