import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { whileLocked } from '@cairn/drivers/lock'
import { CairnError } from '@cairn/kernel'

/** Building MinIO takes three minutes on two idle cores. */
export const BUILD_DEADLINE_MS = 30 * 60_000
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cairn', 'servers')

/** The program of a server, shared by all projects of this user. */
export interface Program {
  readonly name: string
  readonly folder: string
  /** Tools that are needed to build it. */
  readonly needs: readonly Tool[]
  readonly make: (folder: string, note: (line: string) => void) => Promise<void>
}
export interface Tool {
  readonly name: string
  /** A command that succeeds if the tool is installed. */
  readonly check: readonly string[]
  /** Its Debian package. */
  readonly package: string
}

export function inCache(name: string): string {
  return join(CACHE, name)
}

/** Missing tools that a server needs to run, or to be built if it is not built yet. */
export function lacking({ folder, needs }: Program, toRun: readonly Tool[] = []): Tool[] {
  const needed = existsSync(folder) ? toRun : [...needs, ...toRun]
  return needed.filter(({ check: [program, ...args] }) => spawnSync(program!, args, { stdio: 'ignore' }).status !== 0)
}

/** Builds a program unless it exists, completely or not at all. One process builds it; others wait. */
export async function install({ name, folder, make }: Program, note: (line: string) => void): Promise<void> {
  if (existsSync(folder)) return
  mkdirSync(CACHE, { recursive: true })
  await whileLocked(`${folder}.lock`, `building ${name}`, BUILD_DEADLINE_MS, note, async () => {
    if (existsSync(folder)) return
    const making = `${folder}.making`
    rmSync(making, { recursive: true, force: true }) // left by a killed process
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

/** Runs a build, and reports its time and number of printed lines every ten seconds. */
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
  const progress = setInterval(() => note(`${name}: ${seconds()} s, ${lines} lines of ${program}'s output`), 10_000)
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
    clearInterval(progress)
  }
}
