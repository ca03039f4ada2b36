import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')
export const NODE = process.execPath
export const CAIRN = join(ROOT, 'apps/cli/bin/cairn.js')

/** One figure beside the raw cost of the same thing, measured in the same run. */
export interface Figure {
  readonly what: string
  readonly cairn: string
  readonly floor: string
  /** How many times the floor. */
  readonly ratio?: number
  readonly aim: string
  readonly met: boolean
}

export interface Lab {
  /** How often each command is timed. */
  readonly repeat: number
  readonly note: (line: string) => void
}
export interface Case {
  readonly title: string
  readonly run: (lab: Lab) => Promise<Figure[]>
}

/**
 * A folder that is deleted when all is measured: ext4 goes out of the way of inodes that were freed just now, so that
 * after a large deletion every new file costs ten times as much for a minute.
 */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A folder that uses Cairn, apart from this repository, with one pipeline file. */
export class Project {
  readonly root = temporaryFolder()
  #stores = 0

  constructor(files: Readonly<Record<string, string>>) {
    this.write({ 'package.json': '{ "type": "module", "cairn": { "pipelines": ["*.pipeline.ts"] } }', ...files })
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'))
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, file)), { recursive: true })
      writeFileSync(join(this.root, file), text)
    }
  }

  /** A folder for a store, new and empty. */
  newStore(): string {
    return join(this.root, `store-${this.#stores++}`)
  }

  cairn(store: string, ...args: string[]): Command {
    return { program: NODE, args: [CAIRN, '--store', store, ...args], cwd: this.root }
  }
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

export function nodeCommand(...args: string[]): Command {
  return { program: NODE, args, cwd: ROOT }
}

/** Milliseconds of a whole process, and what it printed. */
export async function time(command: Command): Promise<{ ms: number; output: string }> {
  const started = performance.now()
  const output = await start(command).done
  return { ms: performance.now() - started, output }
}

/** The most memory (RSS, in bytes) that a process and all its descendants held together, looked at 20 times a second. */
export async function peakMemory(command: Command): Promise<number> {
  const { pid, done } = start(command)
  let peak = 0
  const look = setInterval(() => (peak = Math.max(peak, treeMemory(pid))), 50)
  try {
    await done
  } finally {
    clearInterval(look)
  }
  return peak
}

/** Runs the commands in turn, so that all of them meet the same weather; gives the median of each. */
export async function medians(repeat: number, make: readonly (() => Command | Promise<Command>)[]): Promise<number[]> {
  const times = make.map((): number[] => [])
  for (let round = 0; round < repeat; round++)
    for (const [index, command] of make.entries()) times[index]!.push((await time(await command())).ms)
  return times.map(median)
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function start({ program, args, cwd, env }: Command): { pid: number; done: Promise<string> } {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => (output += String(data)))
  child.stderr.on('data', (data) => (errors += String(data)))
  const done = new Promise<string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${args.join(' ')} exited with ${code}: ${errors}${output}`)),
    )
  })
  return { pid: child.pid!, done }
}

export function treeMemory(root: number): number {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // it has ended meanwhile
    }
  }
  const isInside = (pid: number): boolean => pid === root || (parents.has(pid) && isInside(parents.get(pid)!))
  return [...parents.keys()].filter(isInside).reduce((sum, pid) => sum + memoryOf(pid), 0)
}

function memoryOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
  } catch {
    return 0
  }
}

/** A figure whose times are in milliseconds, to be at most so many times the floor. */
export function times(what: string, cairn: number, floor: number, most: number): Figure {
  const ratio = cairn / floor
  return { what, cairn: seconds(cairn), floor: seconds(floor), ratio, aim: `<= ${most}x`, met: ratio <= most }
}

export function seconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`
}
