import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { openStore, type Connection } from '@cairn/drivers/connection'
import { CairnError } from '@cairn/kernel'
import { versionOf } from './services.ts'
import { processOf, writeJson, type Service, type Stack } from './stack.ts'

/** The bucket of the local stack. */
const BUCKET = 'cairn'
const SERVERS = ['kafka', 'minio'] as const
/** Maximum size of the output, which is a few kilobytes. */
const ANSWER_BYTES = 1 << 20

interface Prepared extends Pick<Connection, 'kafka'> {
  readonly s3: { readonly endpoint: string; readonly accessKey: string; readonly secretKey: string }
  readonly launches: Readonly<Record<(typeof SERVERS)[number], Launch>>
  readonly tools: Readonly<Record<string, readonly string[]>>
}
interface Launch {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly container?: string
}

/**
 * Prepares Kafka and MinIO, and records their addresses.
 *
 * @param main the program that prepares them
 */
export async function serversOf(main: string, stack: Stack, env: string, docker: boolean): Promise<Service[]> {
  const { running } = stack
  const kept = SERVERS.flatMap((name) => (processOf(running, name) === undefined ? [] : ['--running', name]))
  const args = ['prepare', '--folder', stack.servers, ...(docker ? ['--docker'] : []), ...kept]
  const { kafka, s3, launches, tools } = JSON.parse(await runServers(main, args)) as Prepared
  const { endpoint, accessKey, secretKey } = s3
  const connection: Connection = {
    env,
    kafka: { brokers: kafka.brokers },
    s3: { endpoint, accessKey, secretKey, bucket: BUCKET },
  }
  writeJson(stack.connectionFile, connection)
  for (const [name, command] of Object.entries(tools)) writeScript(stack.tool(name), command)
  const urls = { kafka: kafka.brokers[0]!, minio: endpoint }
  return SERVERS.map((name) => {
    const { program, args, env = {}, container } = launches[name]
    const version = versionOf({ program, args, env })
    return { name, program, args, env, url: urls[name], probe: name, version, ...(container && { container }) }
  })
}

/** Writes a script that runs a command with additional arguments. */
function writeScript(file: string, command: readonly string[]): void {
  mkdirSync(dirname(file), { recursive: true })
  const quoted = command.map((part) => `'${part.replaceAll("'", String.raw`'\''`)}'`)
  writeFileSync(file, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`, { mode: 0o700 })
}

export async function ensureBucket({ connection }: Stack): Promise<void> {
  const store = await openStore(connection!)
  await store.ensureBucket()
  await store.close()
}

/** Its progress goes to standard error. */
function runServers(main: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const child = execFile(process.execPath, [main, ...args], { maxBuffer: ANSWER_BYTES }, (error, stdout, stderr) => {
      if (!error) return done(stdout)
      const [, message = error.message, next] = /error {2}([\s\S]*?)(?:\nnext {3}([\s\S]*))?$/.exec(stderr.trim()) ?? []
      fail(new CairnError('NOT_FOUND', message, next === undefined ? {} : { next }))
    })
    child.stderr!.on('data', (text: string) => /^(error|next) /m.test(text) || process.stderr.write(text))
  })
}
