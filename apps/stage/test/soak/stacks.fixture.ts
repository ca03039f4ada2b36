import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pidOf } from '@cairn/drivers/process-id'
import { REPOSITORY } from '../faults/programs.fixture.ts'
import type { Dice } from './dice.fixture.ts'

const PIPELINE = `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const small = step('small', { outputs: { n: json<number>() }, cache: 'never', run: () => ({ n: 1 }) })
export const one = pipeline('one', () => small({}))
`
const SERVICES = ['control', 'kafka', 'minio', 'one/small']
const COMMAND_MS = 300_000
const SETTLES_MS = 60_000
const AGAIN_MS = 1_000

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Tests local services: runs `cairn up` twice at once, runs a pipeline, kills a service or the supervisor, repeats
 * both, and runs `cairn down`.
 *
 * @throws Error that describes the first violation
 */
export async function upTwice({ oneOf }: Dice): Promise<void> {
  const project = new Project()
  try {
    await project.up()
    await project.run()
    const victim = oneOf([...SERVICES, 'supervisor'])
    project.kill(victim)
    await project.up() // replaces a killed supervisor, and waits for the restart of a killed service
    await project.run()
    await project.down()
  } finally {
    project.remove()
  }
}

class Project {
  readonly #root = mkdtempSync(join(tmpdir(), 'cairn-soak-'))
  readonly #stack = join(this.#root, '.cairn', 'stack')

  constructor() {
    mkdirSync(this.#root, { recursive: true })
    symlinkSync(join(REPOSITORY, 'node_modules'), join(this.#root, 'node_modules'))
    writeFileSync(join(this.#root, 'package.json'), '{ "type": "module", "cairn": { "pipelines": ["*.pipeline.ts"] } }')
    writeFileSync(join(this.#root, 'one.pipeline.ts'), PIPELINE)
  }

  /** Runs `cairn up` twice at once, which must start only one stack. */
  async up(): Promise<void> {
    for (const { code, stderr } of await Promise.all([this.#cairn('up'), this.#cairn('up')]))
      if (code !== 0)
        throw new Error(`two \`cairn up\` at once: one ended with ${code}: ${stderr}\n${await this.#describe()}`)
    const ready = SERVICES.map((name) => `${name} ready`)
    await eventually(async () => expectSame('status after two `cairn up`', await this.#status(), ready))
    // The children of a killed service end by themselves.
    await eventually(async () => expectSame('processes after two `cairn up`', this.#processes(), SERVICES))
  }

  async run(): Promise<void> {
    const { code, stderr } = await this.#cairn('run', 'one', '--on', 'local')
    if (code !== 0) throw new Error(`a run on services that are up ended with ${code}: ${stderr}`)
  }

  kill(name: string): void {
    const { supervisor, services } = JSON.parse(readFileSync(join(this.#stack, 'running.json'), 'utf8')) as {
      supervisor: string
      services: Record<string, string>
    }
    process.kill(pidOf(name === 'supervisor' ? supervisor : services[name]!), 'SIGKILL')
  }

  async down(): Promise<void> {
    const ports = this.#ports()
    const { code, stderr } = await this.#cairn('down')
    if (code !== 0) throw new Error(`\`cairn down\` ended with ${code}: ${stderr}`)
    expectSame(
      'processes after `cairn down`',
      this.#marked().map(({ pid }) => String(pid)),
      [],
    )
    const open = await Promise.all(ports.map(async (port) => ((await listens(port)) ? [String(port)] : [])))
    expectSame('ports after `cairn down`', open.flat(), [])
    const scratch = join(this.#stack, 'scratch', 'tmp')
    expectSame('scratch after `cairn down`', existsSync(scratch) ? readdirSync(scratch) : [], [])
    expectSame('`running.json` after `cairn down`', existsSync(join(this.#stack, 'running.json')) ? ['there'] : [], [])
  }

  /** Kills all remaining processes, and deletes the project. */
  remove(): void {
    for (const { pid } of this.#marked())
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it has just ended
      }
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }

  async #status(): Promise<string[]> {
    const { stdout } = await this.#cairn('--json', 'status')
    const { services } = JSON.parse(stdout) as { services: { name: string; state: string }[] }
    return services.map(({ name, state }) => `${name} ${state}`)
  }

  #cairn(...args: string[]): Promise<Ended> {
    return new Promise((done) => {
      const command = [join(REPOSITORY, 'apps/cli/bin/cairn.js'), ...args]
      const options = { cwd: this.#root, env: { ...process.env, PWD: this.#root }, timeout: COMMAND_MS }
      const child = execFile(process.execPath, command, options, (_, stdout, stderr) =>
        done({ code: child.exitCode, stdout, stderr }),
      )
      child.stdin!.end()
    })
  }

  /** Describes each service for a failure: its state, what it says of its readiness, and the end of its log. */
  async #describe(): Promise<string> {
    const { stdout } = await this.#cairn('--json', 'status')
    const { services } = JSON.parse(stdout) as { services: { name: string; url: string }[] }
    const described = services.map(async ({ name, url, ...state }) => {
      const ready = url.startsWith('http')
        ? await fetch(new URL('/health/ready', url)).then((it) => it.text(), String)
        : ''
      const log = await this.#cairn('logs', name)
      return `${new Date().toISOString()} ${name} ${url} ${JSON.stringify(state)} ${ready}\n${log.stdout.slice(-1_500)}`
    })
    return (await Promise.all(described)).join('\n')
  }

  /** Returns the name of the service of each process, without child processes of services. */
  #processes(): string[] {
    const marked = this.#marked()
    const pids = new Set(marked.map(({ pid }) => pid))
    return marked.flatMap(({ service, parent }) => (pids.has(parent) ? [] : [service]))
  }

  #marked(): { pid: number; parent: number; service: string }[] {
    return readdirSync('/proc').flatMap((pid) => {
      try {
        if (!/^\d+$/.test(pid)) return []
        const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
        const mark = variables.find((variable) => variable.startsWith(`CAIRN_SERVICE=["${this.#stack}"`))
        if (mark === undefined) return []
        const [, service] = JSON.parse(mark.slice('CAIRN_SERVICE='.length)) as string[]
        const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])
        return [{ pid: Number(pid), parent, service: service! }]
      } catch {
        return [] // it has just ended
      }
    })
  }

  #ports(): number[] {
    const services = JSON.parse(readFileSync(join(this.#stack, 'services.json'), 'utf8')) as { url: string }[]
    return services.map(({ url }) => Number(/:(\d+)$/.exec(url)![1]))
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => (socket.destroy(), done(true))).once('error', () => done(false))
  })
}

/** Repeats a check for up to a minute until it passes. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (const deadline = performance.now() + SETTLES_MS; ; await sleep(AGAIN_MS))
    try {
      return await check()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
}

function expectSame(what: string, found: readonly string[], wanted: readonly string[]): void {
  const [one, other] = [found, wanted].map((list) => JSON.stringify(list.toSorted()))
  if (one !== other) throw new Error(`${what}: ${one}, and it should be ${other}`)
}
