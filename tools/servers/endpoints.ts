// Set-up of the test project `servers` (vitest.config.ts): Kafka and MinIO for all its test files, which get them by
// `inject('servers')` and are skipped where that is undefined.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import type { TestProject } from 'vitest/node'
import { dockerAnswers } from './docker.ts'
import { isAtHand } from './needed.fixture.ts'
import { inCache } from './programs.ts'
import { lackingTools, startServers, type Endpoints, type Servers } from './servers.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    servers: Endpoints | undefined
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = givenServers(process.env) ?? (await ownServers(process.env))
  project.provide('servers', servers && { kafka: servers.kafka, s3: servers.s3 })
  return async () => servers?.stop()
}

/** CAIRN_TEST_KAFKA=host:port,… and CAIRN_TEST_S3=http://access-key:secret-key@host:port */
export function givenServers(env: NodeJS.ProcessEnv): Servers | undefined {
  const { CAIRN_TEST_KAFKA: kafka, CAIRN_TEST_S3: s3 } = env
  if (kafka === undefined && s3 === undefined) return undefined
  const url = URL.parse(s3 ?? '')
  if (!kafka || !url?.username || !url.password)
    throw new CairnError('BAD_PARAMETER', 'CAIRN_TEST_KAFKA and CAIRN_TEST_S3 are needed together', {
      next: 'CAIRN_TEST_KAFKA=127.0.0.1:9092 CAIRN_TEST_S3=http://<access key>:<secret key>@127.0.0.1:9000',
    })
  return {
    kafka: { brokers: kafka.split(',') },
    s3: {
      endpoint: url.origin,
      accessKey: decodeURIComponent(url.username),
      secretKey: decodeURIComponent(url.password),
    },
    stop: async () => {},
  }
}

/**
 * Servers for this run only, or with CAIRN_TEST_SERVERS=keep for later runs, too. Built with Maven and Go; if these are
 * missing, run with Docker, which may respond and still fail to pull its images.
 */
async function ownServers(env: NodeJS.ProcessEnv): Promise<Servers | undefined> {
  const lacking = lackingTools()
  const docker = lacking.length > 0 && dockerAnswers()
  if (!docker && !isAtHand(lacking)) return undefined
  const log = (line: string) => console.error(line)
  if (env['CAIRN_TEST_SERVERS'] === 'keep') {
    const kept = await startServers({ folder: inCache('for-tests'), docker, detached: true, log })
    return { ...kept, stop: async () => {} }
  }
  const folder = mkdtempSync(join(tmpdir(), 'cairn-servers-'))
  const servers = await startServers({ folder, docker, log })
  return {
    ...servers,
    stop: () => servers.stop().finally(() => rmSync(folder, { recursive: true, force: true })),
  }
}
