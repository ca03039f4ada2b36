import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { KAFKA_VERSION, kafkaAnswers, kafkaSettings } from './kafka.ts'
import { minioAnswers, minioEnvironment, type Credentials } from './minio.ts'
import { build } from './programs.ts'
import type { Launch } from './server-process.ts'

const KAFKA_IMAGE = process.env['CAIRN_KAFKA_IMAGE'] ?? `apache/kafka:${KAFKA_VERSION}`
const MINIO_IMAGE = process.env['CAIRN_MINIO_IMAGE'] ?? 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z'

export function dockerAnswers(): boolean {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 5_000 }).status === 0
}

/** Brings the images that are not there yet. */
export async function pullImages(note: (line: string) => void): Promise<void> {
  for (const image of [KAFKA_IMAGE, MINIO_IMAGE]) {
    if (spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0) continue
    note(`pulling ${image} …`)
    await build(image, ['docker', 'pull', image], {}, note)
  }
}

/** What a container holds ends with it: for tests. */
export function kafkaContainer(folder: string, port: number): Launch {
  const settings = kafkaSettings(
    'PLAINTEXT://:9092,CONTROLLER://:9093',
    `PLAINTEXT://127.0.0.1:${port}`,
    'localhost:9093',
  )
  const variable = (name: string) => `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`
  return {
    ...container(
      folder,
      { [port]: 9092 },
      Object.fromEntries(Object.entries(settings).map(([name, value]) => [variable(name), String(value)])),
      [KAFKA_IMAGE],
    ),
    name: KAFKA_IMAGE,
    isReady: () => kafkaAnswers(`127.0.0.1:${port}`),
  }
}

export function minioContainer(folder: string, port: number, credentials: Credentials): Launch {
  return {
    ...container(folder, { [port]: 9000 }, minioEnvironment(credentials), [MINIO_IMAGE, 'server', '/data']),
    name: MINIO_IMAGE,
    isReady: () => minioAnswers(`http://127.0.0.1:${port}`),
  }
}

/** Docker's client stands for the container: it hands on what asks it to end. Values stay off the command line. */
function container(
  folder: string,
  ports: Readonly<Record<number, number>>,
  env: Readonly<Record<string, string>>,
  command: readonly string[],
): Omit<Launch, 'name' | 'isReady'> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const published = Object.entries(ports).map(([outside, inside]) => `--publish=127.0.0.1:${outside}:${inside}`)
  const variables = Object.keys(env).map((name) => `--env=${name}`)
  return {
    program: 'docker',
    args: ['run', '--rm', ...published, ...variables, ...command],
    env,
    log: join(folder, 'server.log'),
  }
}
