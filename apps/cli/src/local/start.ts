import { spawn, type ChildProcess } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { identityOf, newSigningKey, publicKeyOf } from '@cairn/drivers/identity'
import { duration } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { checkService } from './health.ts'
import { CONTROL, LOCAL, readJson, writeJson, writeText, type Service, type Stack } from './stack.ts'

/** Maximum time until all services are ready. */
const READY_MS = 180_000
/** How often the services that are not ready are listed. */
const WAITING_MS = 10_000
const SUPERVISOR = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './supervisor.ts' : './supervisor.js', import.meta.url),
)

/** Writes the context `local`, whose token has all rights. Tokens that somebody added are kept. */
export function writeContext(stack: Stack, env: string, url: string): void {
  const token =
    readJson<{ control: { token: string } }>(stack.contextFile)?.control.token ?? randomBytes(24).toString('base64url')
  const rights = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect']
  const others = readJson<readonly { name: string }[]>(stack.tokensFile)?.filter(({ name }) => name !== LOCAL) ?? []
  const local = { name: LOCAL, sha256: hash('sha256', token), pipelines: ['*'], rights }
  writeJson(stack.tokensFile, [local, ...others])
  writeJson(stack.contextFile, { env, control: { url, token }, project: stack.place })
}

/** Creates the key that control signs plans with, once, and the public keys that stages trust. */
export function writeKeys(stack: Stack): void {
  if (!existsSync(stack.signingKeyFile)) writeText(stack.signingKeyFile, newSigningKey())
  const identity = identityOf({ CAIRN_IDENTITY: CONTROL, CAIRN_SIGNING_KEY: stack.signingKeyFile })!
  writeJson(stack.plansByFile, { [CONTROL]: publicKeyOf(identity) })
}

interface StartOptions {
  /** The services to wait for. Default: all. */
  readonly awaited?: readonly Service[]
  /** Called with each service when it is ready. */
  readonly onReady: (service: Service) => void
  readonly note: (line: string) => void
}

/**
 * Has the supervisor run exactly these services, and waits until they are ready. Healthy services keep running.
 */
export async function startServices(
  stack: Stack,
  services: readonly Service[],
  { awaited = services, onReady, note }: StartOptions,
): Promise<void> {
  writeJson(stack.servicesFile, services)
  let supervisor = stack.isSupervised ? undefined : startSupervisor(stack)
  const began = performance.now()
  let notedAt = began
  const waiting = new Map(awaited.map((service) => [service.name, service]))
  while (waiting.size > 0) {
    if (!stack.isSupervised && (supervisor?.exitCode ?? supervisor?.signalCode) !== null)
      supervisor = startSupervisor(stack)
    const { running } = stack
    const current = [...waiting.values()].filter(({ name, version }) => running?.watch?.[name]?.version === version)
    for (const found of await Promise.all(current.map((service) => checkService(service, running))))
      if (found.state === 'ready') {
        onReady(waiting.get(found.name)!)
        waiting.delete(found.name)
      }
    const now = performance.now()
    if (waiting.size > 0 && now - notedAt > WAITING_MS) {
      notedAt = now
      note(`waiting for ${[...waiting.keys()].join(', ')} (${duration(now - began)})`)
    }
    if (now - began > READY_MS)
      throw new CairnError('TIMED_OUT', `not ready after ${READY_MS / 1000} s: ${[...waiting.keys()].join(', ')}`, {
        next: `cairn logs ${[...waiting.keys()][0]}`,
      })
    if (waiting.size > 0) await sleep(100)
  }
}

/** Starts the supervisor of the services. A second one exits at once. */
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
