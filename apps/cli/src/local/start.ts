import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { identityOf, newSigningKey, publicKeyOf } from '@cairn/drivers/identity'
import { duration } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { isFresh, repository } from '../../bin/built.js'
import { look } from './health.ts'
import { CONTROL, readJson, writeJson, writeText, type Service, type Stack } from './stack.ts'

/** For all services to be ready. */
const READY_MS = 180_000
/** How often it is said which of them are not. */
const WAITING_MS = 10_000
/** The name of the context's token. */
const LOCAL = 'local'
const SUPERVISOR = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './supervisor.ts' : './supervisor.js', import.meta.url),
)

/** The context `local`, whose token may do everything here. Tokens that someone has added stay. */
export function writeContext(stack: Stack, env: string, url: string): void {
  const token =
    readJson<{ control: { token: string } }>(stack.contextFile)?.control.token ?? randomBytes(24).toString('base64url')
  const rights = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect']
  const others = readJson<readonly { name: string }[]>(stack.tokensFile)?.filter(({ name }) => name !== LOCAL) ?? []
  const local = { name: LOCAL, sha256: hash('sha256', token), pipelines: ['*'], rights }
  writeJson(stack.tokensFile, [local, ...others])
  writeJson(stack.contextFile, { env, control: { url, token }, project: stack.place })
}

/** Makes the key that control signs plans with, once, and says to the stages whose plans to run. */
export function writeKeys(stack: Stack): void {
  if (!existsSync(stack.signingKeyFile)) writeText(stack.signingKeyFile, newSigningKey())
  const identity = identityOf({ CAIRN_IDENTITY: CONTROL, CAIRN_SIGNING_KEY: stack.signingKeyFile })!
  writeJson(stack.plansByFile, { [CONTROL]: publicKeyOf(identity) })
}

/**
 * Has the supervisor run these services and no others, and waits until they are ready. Those that run as they should are
 * left alone.
 */
export async function startServices(
  stack: Stack,
  services: readonly Service[],
  tell: (line: string) => void,
): Promise<void> {
  writeJson(stack.servicesFile, services)
  let supervisor = stack.isSupervised ? undefined : startSupervisor(stack)
  const began = performance.now()
  let said = began
  const waiting = new Map(services.map((service) => [service.name, service]))
  while (waiting.size > 0) {
    if (!stack.isSupervised && (supervisor?.exitCode ?? supervisor?.signalCode) !== null)
      supervisor = startSupervisor(stack)
    const { running } = stack
    const current = [...waiting.values()].filter(({ name, version }) => running?.watch?.[name]?.version === version)
    for (const found of await Promise.all(current.map((service) => look(service, running))))
      if (found.state === 'ready' && waiting.delete(found.name)) tell(`${found.name} is ready`)
    const now = performance.now()
    if (waiting.size > 0 && now - said > WAITING_MS) {
      said = now
      tell(`waiting for ${[...waiting.keys()].join(', ')} (${duration(now - began)})`)
    }
    if (now - began > READY_MS)
      throw new CairnError('TIMED_OUT', `not ready after ${READY_MS / 1000} s: ${[...waiting.keys()].join(', ')}`, {
        next: `cairn logs ${[...waiting.keys()][0]}`,
      })
    if (waiting.size > 0) await sleep(100)
  }
}

/** Starts the process that keeps the services running: a second one ends at once. */
function startSupervisor(stack: Stack): ChildProcess {
  const log = openSync(join(stack.folder, 'supervisor.log'), 'a', 0o600)
  const supervisor = spawn(process.execPath, ['--title=cairn supervisor', SUPERVISOR, stack.root], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  supervisor.unref()
  closeSync(log)
  return supervisor
}

/** Unlike the command line, services run only as they are built: Node does not know decorators. */
export async function build(tell: (line: string) => void): Promise<void> {
  const stale = ['control', 'stage'].filter((app) => !isFresh(app))
  if (stale.length === 0) return
  tell(`building ${stale.join(' and ')}`)
  await promisify(execFile)(process.execPath, [join(repository, 'tools', 'setup', 'build.js'), ...stale])
}
