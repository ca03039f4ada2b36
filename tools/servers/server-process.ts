import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isGone, processName } from '@cairn/drivers/process-id'
import { CairnError } from '@cairn/kernel'

/** How to start a server, and how to check that it is ready. */
export interface Launch {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Its Docker container, if it runs in one. */
  readonly container?: string
  /** The file for its output. */
  readonly log: string
  readonly isReady: () => Promise<boolean>
}

/** Starts a server in its own process group, so that Ctrl-C does not reach it; returns the process's name. */
export function launch({ name, program, args, env, log }: Launch): string {
  const output = openSync(log, 'a', 0o600)
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env },
  })
  child.on('error', () => {}) // reported below
  child.unref()
  closeSync(output)
  if (child.pid !== undefined) return processName(child.pid)
  throw new CairnError('NOT_FOUND', `could not start ${name}: the program ${program} was not found`)
}

/** Waits until a server is ready. */
export async function untilReady({ name, log, isReady }: Launch, server: string, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs
  const failed = (how: string) =>
    new CairnError('NOT_FOUND', `${name} ${how}; the last lines of ${log}:\n${lastLines(log)}`, {
      next: `check ${log}; another server may use its ports or its folder`,
    })
  while (!(await isReady())) {
    if (isGone(server)) throw failed('ended before it was ready')
    if (performance.now() > deadline) throw failed(`was not ready within ${deadlineMs / 1000} s`)
    await sleep(50)
  }
}

function lastLines(log: string): string {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15)
  return lines.map((line) => `  ${line.slice(0, 300)}`).join('\n')
}
