import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startReceiver, type Receiver } from './receiver.fixture.ts'
import { PIPELINE, TRACKED, TrackedProject } from './tracked-project.fixture.ts'

const { NODE_OPTIONS } = TRACKED
/** An address where nothing listens. */
const NO_COLLECTOR = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }

describe('tracking', () => {
  let project: TrackedProject
  let good: Receiver
  let silent: Receiver
  beforeAll(async () => {
    project = new TrackedProject(PIPELINE)
    good = await startReceiver()
    silent = await startReceiver({ answers: false })
  })
  afterAll(async () => {
    await good[Symbol.asyncDispose]()
    await silent[Symbol.asyncDispose]()
    project.remove()
  })

  /** Runs the pipeline in a new store; returns the names of all checkpoints and the contents of all objects. */
  const run = async (store: string, env: Readonly<Record<string, string>>) => {
    rmSync(join(project.root, 'tried'), { force: true })
    const ran = await project.cairn(env, '--store', store, 'run', 'demo', '--json')
    const { status } = JSON.parse(ran.output) as { status: string }
    const filesIn = (folder: string) =>
      readdirSync(join(project.root, store, 'local/demo', folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
    const nameOf = (path: string) => path.slice(path.indexOf('local/demo'))
    const objects = filesIn('objects').map((path) => [nameOf(path), readFileSync(path, 'base64')])
    return { ...ran, status, kept: { keys: filesIn('checkpoints').map(nameOf), objects } }
  }

  it('does not change keys or bytes, whether it is off, on, or has a dead, silent or invalid collector', async () => {
    const off = await run('off', {})
    expect(off.kept.keys).toHaveLength(8)
    expect(off.kept.objects).not.toHaveLength(0)
    const ways = {
      on: good.env,
      dead: NO_COLLECTOR,
      silent: silent.env,
      wrong: { OTEL_EXPORTER_OTLP_ENDPOINT: 'no address' },
    }
    for (const [way, env] of Object.entries(ways)) {
      const { kept, status, errors, code } = await run(way, { NODE_OPTIONS, ...env })
      expect({ way, kept, status, errors, code }).toEqual({ way, kept: off.kept, status, errors: off.errors, code: 0 })
    }
  })

  it('delays the end of a process by at most a second', async () => {
    const program = `
import { channels } from '@cairn/records'
const { wait } = Atomics
Atomics.wait = (...given) => (console.log(given[3]), wait(...given))
channels.output.publish({ run: 'r', node: 'n', stream: 'stdout', line: 'x' })
const rest = () => void (process.exitCode = 7)
setTimeout(process.argv[2] === 'exit' ? () => { rest(); process.exit() } : rest, 2_000)
`
    project.write({ 'program.mjs': program })
    for (const env of [NO_COLLECTOR, silent.env])
      for (const how of ['exit', 'end']) {
        const { code, output, errors } = await project.run({ NODE_OPTIONS, ...env }, 'program.mjs', how)
        expect({ how, code, output, errors }).toEqual({ how, code: 7, output: '1000\n', errors: '' })
      }
  })

  it('drops and counts reports that its thread cannot keep up with', async () => {
    project.write({
      'flood.mjs': `
import { channels } from '@cairn/records'
const print = (line) => channels.output.publish({ run: 'r', node: 'n', stream: 'stdout', line })
for (let line = 0; line < 60_000; line++) print('flood')
process.once('message', () => { print('last'); process.disconnect() })
`,
    })
    const bodies = () => good.logs.map(({ body }) => body).filter((body) => body === 'flood' || body === 'last')
    const child = project.start({ ...TRACKED, ...good.env }, 'flood.mjs')
    const ended = new Promise((end) => child.on('close', end))
    await expect.poll(() => bodies().length).toBeGreaterThanOrEqual(4_096)
    child.send('it has kept up')
    expect(await ended).toBe(0)
    const dropped = good.metrics.findLast(({ name }) => name === 'cairn.tracking.dropped')!.sum
    expect([bodies().length + dropped, bodies().at(-1)]).toEqual([60_001, 'last'])
    expect(dropped).toBeGreaterThan(0)
  })

  it('starts no thread before there is something to send', async () => {
    const threadsOf = async (...args: string[]) => {
      const { errors } = await project.cairn({ NODE_OPTIONS, ...NO_COLLECTOR, NODE_DEBUG: 'worker' }, ...args)
      return errors.match(/instantiating Worker.*exporter/g)?.length ?? 0
    }
    expect([await threadsOf('graph', 'demo'), await threadsOf('run', 'demo')]).toEqual([0, 1])
  })
})
