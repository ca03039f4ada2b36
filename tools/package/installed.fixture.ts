import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { packAll } from './pack.ts'
import { Registry } from './registry.fixture.ts'

/** The registry of this machine. `npm test` sets variables with which npm refuses the question. */
async function usualRegistry(): Promise<string> {
  const { npm_config_registry: given, ...rest } = process.env
  if (given !== undefined) return given
  const env = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('npm_')))
  return (await promisify(execFile)('npm', ['config', 'get', 'registry'], { cwd: tmpdir(), env })).stdout.trim()
}

/** A machine of a user: an empty home, an empty folder, and a registry that has Cairn's packages. */
export class UserMachine {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'a user of cairn ')))
  /** The folder with the tarballs. */
  readonly packed: string
  readonly #registry: Registry
  #node = dirname(process.execPath)

  private constructor(packed: string, registry: Registry) {
    this.packed = packed
    this.#registry = registry
  }

  static async start(): Promise<UserMachine> {
    const packed = mkdtempSync(join(tmpdir(), 'cairn-packed-'))
    const tarballs = await packAll(packed)
    const upstream = await usualRegistry()
    const machine = new UserMachine(packed, await Registry.start(packed, tarballs, upstream))
    mkdirSync(join(machine.folder, 'home'))
    writeFileSync(join(machine.folder, 'home', '.npmrc'), `registry=${machine.#registry.url}\nupdate-notifier=false\n`)
    return machine
  }

  /** Commands run with this Node from here on. */
  useNode(program: string): void {
    this.#node = dirname(program)
  }

  /** Runs a command in a folder of the machine. Returns what it printed, and fails with it. */
  async run(command: string, folder: string): Promise<string> {
    const env = {
      PATH: [this.#node, ...(process.env['PATH'] ?? '').split(delimiter)]
        .filter((place) => !place.includes('node_modules/.bin'))
        .join(delimiter),
      HOME: join(this.folder, 'home'),
      ...Object.fromEntries(
        Object.entries(process.env).filter(([name]) => /proxy$|^NODE_EXTRA_CA_CERTS$|^XDG_CACHE_HOME$/i.test(name)),
      ),
    }
    return await new Promise((done, fail) => {
      const child = execFile(
        'sh',
        ['-c', command],
        { cwd: join(this.folder, folder), env, maxBuffer: 64 << 20 },
        (error, out, err) => {
          const printed = stripVTControlCharacters(out + err)
          if (error) fail(new Error(`${command}: ${printed}`))
          else done(printed)
        },
      )
      child.stdin!.end()
    })
  }

  close(): void {
    this.#registry.close()
    for (const folder of [this.folder, this.packed]) rmSync(folder, { recursive: true, force: true })
  }
}
