import { execFile, spawn } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openStore, type Connection } from '@cairn/drivers/connection'
import { identityOf, newSigningKey, publicKeyOf } from '@cairn/drivers/identity'
import { isGone } from '@cairn/drivers/process-id'
import { CairnError } from '@cairn/kernel/runtime'
import { isFresh, repository } from '../../bin/built.js'
import { probe } from './health.ts'
import { readJson, writeJson, writeText, type Service, type Stack } from './stack.ts'

/** The bucket of the local stack. */
const BUCKET = 'cairn'
/** For all services to be ready. */
const READY_MS = 180_000
/** Longer than the keeper gives the services. */
const LEAVE_MS = 40_000

const SERVERS = join(repository, 'tools', 'servers', 'main.ts')

/** Starts Kafka and MinIO, or finds them running, and writes down how to reach them. */
export async function startServers(stack: Stack, env: string, docker: boolean): Promise<Connection> {
  const args = ['up', '--folder', stack.servers, ...(docker ? ['--docker'] : [])]
  await runServers(args)
  const { kafka, s3 } = readJson<Omit<Connection, 'env'>>(join(stack.servers, 'servers.json'))!
  const { endpoint, accessKey, secretKey } = s3
  const connection = { env, kafka: { brokers: kafka.brokers }, s3: { endpoint, accessKey, secretKey, bucket: BUCKET } }
  writeJson(stack.connectionFile, connection)
  const store = await openStore(connection)
  await store.ensureBucket()
  await store.close()
  return connection
}

/** Runs `tools/servers`; what it has to say about getting on goes to standard error. */
export function runServers(args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = execFile(process.execPath, [SERVERS, ...args], (error, _, stderr) => {
      if (!error) return done()
      const [, message = error.message, next] = /error {2}([\s\S]*?)(?:\nnext {3}([\s\S]*))?$/.exec(stderr.trim()) ?? []
      fail(new CairnError('NOT_FOUND', message, next === undefined ? {} : { next }))
    })
    child.stderr!.on('data', (text: string) => /^(error|next) /m.test(text) || process.stderr.write(text))
  })
}

/** The context `local`, whose token may do everything here. */
export function writeContext(stack: Stack, env: string, url: string): void {
  const token =
    readJson<{ control: { token: string } }>(stack.contextFile)?.control.token ?? randomBytes(24).toString('base64url')
  const rights = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote']
  writeJson(stack.tokensFile, [{ name: 'local', sha256: hash('sha256', token), pipelines: ['*'], rights }])
  writeJson(stack.contextFile, { env, control: { url, token } })
}

/** The name by which control signs plans. */
export const CONTROL = 'control'

/** Makes the key that control signs plans with, once, and says to the stages whose plans to run. */
export function writeKeys(stack: Stack): void {
  if (!existsSync(stack.signingKeyFile)) writeText(stack.signingKeyFile, newSigningKey())
  const identity = identityOf({ CAIRN_IDENTITY: CONTROL, CAIRN_SIGNING_KEY: stack.signingKeyFile })!
  writeJson(stack.plansByFile, { [CONTROL]: publicKeyOf(identity) })
}

/** Starts the process that keeps the services running, and waits until they are ready. */
export async function startServices(
  stack: Stack,
  services: readonly Service[],
  tell: (line: string) => void,
): Promise<void> {
  await build(tell)
  writeJson(stack.servicesFile, services)
  const keeper = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? './keeper.ts' : './keeper.js', import.meta.url),
  )
  const log = openSync(join(stack.folder, 'keeper.log'), 'a', 0o600)
  spawn(process.execPath, ['--title=cairn keeper', keeper, stack.root], {
    detached: true,
    stdio: ['ignore', log, log],
  }).unref()
  closeSync(log)
  const deadline = performance.now() + READY_MS
  const waiting = new Map(services.map((service) => [service.name, service]))
  while (waiting.size > 0) {
    for (const found of await Promise.all([...waiting.values()].map(probe)))
      if (found.state === 'ready' && waiting.delete(found.name)) tell(`${found.name} is ready`)
    if (performance.now() > deadline)
      throw new CairnError('TIMED_OUT', `not ready after ${READY_MS / 1000} s: ${[...waiting.keys()].join(', ')}`, {
        next: `cairn logs ${[...waiting.keys()][0]}`,
      })
    if (waiting.size > 0) await sleep(100)
  }
}

/** Stops the services; also those whose keeper was killed. */
export async function stopServices(stack: Stack): Promise<void> {
  const { running } = stack
  if (!running) return
  const processes = [running.keeper, ...Object.values(running.services)].filter((name) => !isGone(name))
  for (const name of isGone(running.keeper) ? processes : [running.keeper]) kill(name, 'SIGTERM')
  const deadline = performance.now() + LEAVE_MS
  while (processes.some((name) => !isGone(name))) {
    if (performance.now() > deadline) for (const name of processes) kill(name, 'SIGKILL')
    await sleep(50)
  }
  if (existsSync(stack.runningFile)) rmSync(stack.runningFile)
}

function kill(name: string, signal: NodeJS.Signals): void {
  if (!isGone(name)) process.kill(Number(name.split('/')[1]), signal)
}

/** Unlike the command line, services run only as they are built: Node does not know decorators. */
async function build(tell: (line: string) => void): Promise<void> {
  const stale = ['control', 'stage'].filter((app) => !isFresh(app))
  if (stale.length === 0) return
  tell(`building ${stale.join(' and ')}`)
  await promisify(execFile)(process.execPath, [join(repository, 'tools', 'setup', 'build.js'), ...stale])
}
