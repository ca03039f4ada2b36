import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { minioAnswers } from '@cairn/drivers/servers-answer'
import { build, inCache, type Program, type Tool } from './programs.ts'
import type { Launch } from './server-process.ts'

const MINIO_VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c'
const GO: Tool = { name: 'Go 1.24 or later', check: ['go', 'version'], package: 'golang' }

/** The newest version of the open-source server, built from its Go module, as binaries are no longer published. */
export const MINIO: Program = {
  name: 'MinIO',
  folder: inCache(`minio-${MINIO_VERSION}`),
  needs: [GO],
  async make(folder, note) {
    note('building MinIO with Go, which takes some minutes')
    const args = ['install', '-v', '-ldflags=-s -w', `github.com/minio/minio@${MINIO_VERSION}`]
    await build(MINIO.name, ['go', ...args], { cwd: folder, env: { GOBIN: folder } }, note)
  },
}

export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

/** Prepares MinIO's folder; its program must be installed. */
export function minioServer(folder: string, port: number, credentials: Credentials): Launch {
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  return {
    name: MINIO.name,
    program: join(MINIO.folder, 'minio'),
    args: ['server', data, '--address', `127.0.0.1:${port}`],
    env: minioEnvironment(credentials),
    log: join(folder, 'server.log'),
    isReady: () => minioAnswers(`http://127.0.0.1:${port}`),
  }
}

export function minioEnvironment({ accessKey, secretKey }: Credentials): Record<string, string> {
  return { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' }
}
