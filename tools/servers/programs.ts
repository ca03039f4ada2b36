import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { whileLocked } from '@cairn/drivers/lock'
import { CairnError } from '@cairn/kernel'

/** MinIO takes three minutes on two idle cores. */
export const BUILD_DEADLINE_MS = 30 * 60_000
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cairn', 'servers')

/** A server's program, kept for all projects of this user. */
export interface Program {
  readonly name: string
  readonly folder: string
  /** What is needed to make it. */
  readonly needs: readonly Tool[]
  readonly make: (folder: string, note: (line: string) => void) => Promise<void>
}
export interface Tool {
  readonly name: string
  /** A command that succeeds where the tool is there. */
  readonly check: readonly string[]
  /** Its Debian package. */
  readonly package: string
}

export function inCache(name: string): string {
  return join(CACHE, name)
}

/** The tools that are not on this machine, of those that a server still needs to be made and to run. */
export function lacking({ folder, needs }: Program, toRun: readonly Tool[] = []): Tool[] {
  const needed = existsSync(folder) ? toRun : [...needs, ...toRun]
  return needed.filter(({ check: [program, ...args] }) => spawnSync(program!, args, { stdio: 'ignore' }).status !== 0)
}

/** Makes a program unless it is there: whole or not at all. One process makes it; others wait for that. */
export async function install({ name, folder, make }: Program, note: (line: string) => void): Promise<void> {
  if (existsSync(folder)) return
  mkdirSync(CACHE, { recursive: true })
  await whileLocked(`${folder}.lock`, `building ${name}`, BUILD_DEADLINE_MS, note, async () => {
    if (existsSync(folder)) return
    const making = `${folder}.making`
    rmSync(making, { recursive: true, force: true }) // of a process that was killed
    mkdirSync(making)
    try {
      note(`building ${name} (once; it is kept in ${folder}) …`)
      await make(making, note)
      renameSync(making, folder)
    } finally {
      rmSync(making, { recursive: true, force: true })
    }
  })
}

/** Runs a build, telling every ten seconds that it is still at it and how many lines it has printed. */
export async function build(
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
  note: (line: string) => void,
): Promise<void> {
  const child = spawn(program, args, {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: BUILD_DEADLINE_MS,
  })
  const started = performance.now()
  let output = ''
  let lines = 0
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output = (output + String(data)).slice(-4_000)
      lines += String(data).split('\n').length - 1
    })
  const seconds = () => Math.round((performance.now() - started) / 1000)
  const tell = setInterval(() => note(`${name}: ${seconds()} s, ${lines} lines of ${program}'s output`), 10_000)
  try {
    await new Promise<void>((resolve, reject) => {
      const failed = (how: string) =>
        reject(
          new CairnError('NOT_FOUND', `could not build ${name}: ${program} ${how}\n${output.trim()}`, {
            next: `check that ${program} works and can reach its registry, then try again`,
          }),
        )
      child.on('error', ({ message }) => failed(message))
      child.on('close', (code, signal) =>
        code === 0 ? resolve() : failed(`ended with ${code ?? signal} after ${seconds()} s`),
      )
    })
  } finally {
    clearInterval(tell)
  }
}
