import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import kafkajs, { type Message } from 'kafkajs'
import { vi } from 'vitest'
import { openConnection, type Connection } from '@cairn/drivers/connection'
import { thisProcess } from '@cairn/drivers/process-id'
import { findProject, loadPipeline, planRun, Workspace } from '@cairn/workspace'
import { openPool } from '@cairn/embedded'
import { Engine, submit } from '@cairn/engine'
import { systemClock, topicOf, type CairnEvent } from '@cairn/records'
import { build, inCache, type Program } from '../servers/programs.ts'
import type { Endpoints } from '../servers/servers.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export type Environment = Awaited<ReturnType<typeof openEnvironment>>

/** An environment of its own, on Kafka and MinIO, in which this process runs flight-delays. */
export async function openEnvironment({ kafka, s3 }: Endpoints) {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-consumers-'))
  const connection: Connection = { env: `docs-${randomUUID().slice(0, 8)}`, kafka, s3: { ...s3, bucket: 'cairn-docs' } }
  const { env } = connection
  const connectionFile = join(folder, 'connection.json')
  writeFileSync(connectionFile, JSON.stringify(connection))

  const connected = await openConnection(connection, { clientId: 'docs', cache: join(folder, 'objects') })
  const { bus, store } = connected
  const workspace = new Workspace({ ...findProject(ROOT), env, store: folder }, store)
  const loaded = await loadPipeline(workspace.project, 'flight-delays')
  const topic = topicOf({ env, pipeline: 'flight-delays' })
  await Promise.all([store.ensureBucket(), bus.ensureTopics([topic])])

  const pool = openPool(workspace)
  const engine = new Engine({ ...connected, clock: systemClock, compute: pool, name: thisProcess, hasSuccessor: false })
  const events: CairnEvent[] = []
  await Promise.all([
    bus.subscribe(topic, { group: 'engine', from: 'beginning' }, (event) => engine.handle(event)),
    bus.subscribe(topic, { group: 'watcher', from: 'beginning' }, async (event) => void events.push(event)),
  ])
  const has = (run: string, type: string, step?: string) => () =>
    events.find(({ type: t, data }) => t === `cairn.${type}` && data.run === run && data.step === step)

  return {
    env,
    bus,
    store,
    topic,
    folder,
    brokers: kafka.brokers.join(','),
    connectionFile,
    /** Messages as anyone may send them. */
    async send(messages: readonly Message[]): Promise<void> {
      const producer = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING }).producer({
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      })
      await producer.connect()
      await producer.send({ topic, messages: [...messages] })
      await producer.disconnect()
    },
    /** Starts a run, with few trees, because only its events matter here. */
    async start(): Promise<string> {
      const { plan } = await planRun(workspace, loaded, { settings: { 'train-model.trees': 5 } })
      await submit({ store, bus, clock: systemClock }, plan)
      return plan.run
    },
    /** Waits for the event of the end of a step, or of the run itself. */
    until: (run: string, type: 'completed' | 'run-ended', step?: string): Promise<CairnEvent> =>
      vi.waitUntil(has(run, type, step), { timeout: 300_000, interval: 20 }),
    async close() {
      engine.stop()
      pool.close()
      await connected.close()
      workspace.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An event that a consumer waits for, broken in every way that a sender can break it. */
export function hostileTo({ id, type, source, subject, time, partitionkey, data }: CairnEvent): Message[] {
  const { env, pipeline, run, step = '' } = data
  const ce = { ce_specversion: '1.0', ce_id: id, ce_type: type, ce_source: source, ce_subject: subject, ce_time: time }
  const of = { cairn_env: env, cairn_pipeline: pipeline, cairn_run: run, cairn_step: step }
  const headers = { 'content-type': 'application/json', ...ce, ce_partitionkey: partitionkey, ...of }
  const key = partitionkey
  const value = JSON.stringify(data)
  const bad = Buffer.from([0xff, 0xc3, 0x28])
  const without = (name: string) => Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name))
  return [
    { key, value, headers: { ...headers, ce_id: bad } },
    { key, value, headers: { ...headers, ce_id: [id, id] } },
    { key, value, headers: without('ce_id') },
    { key, value, headers: { ...headers, ce_id: 'another' } },
    { key, value, headers: { ...headers, cairn_run: 'ä'.repeat(200) } },
    { key, value: null, headers },
    { key, value: bad, headers },
    { key, value: '{"run":', headers },
    { key, value: '['.repeat(100_000), headers },
    { key, value: '[]', headers },
    { key, value: JSON.stringify({ ...data, outputs: 7 }), headers },
    { key, value: JSON.stringify({ ...data, counts: undefined }), headers },
    { key: bad, value: 'no JSON', headers: { ...headers, 'x-any': bad } },
  ]
}

export type Consumer = ReturnType<typeof startConsumer>

/** A program that prints a line for each event: the event's id, a space, and something else. */
export function startConsumer(
  command: readonly [string, ...string[]],
  cwd: string,
  env: Readonly<Record<string, string>>,
) {
  const [program, ...args] = command
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  let errors = ''
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  child.stderr.on('data', (data) => (errors += String(data)))
  const closed = once(child, 'close') as Promise<[code: number | null, signal: string | null]>
  const ids = () => lines.map((line) => line.split(' ')[0]!)
  return {
    lines,
    ids,
    /** Resolves when it has printed of all of these. */
    async until(...wanted: readonly string[]): Promise<void> {
      const hasPrinted = () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${errors}`)
        return wanted.every((id) => ids().includes(id))
      }
      await vi.waitUntil(hasPrinted, { timeout: 300_000, interval: 10 })
    },
    /** Stops it. Returns its exit code, or the signal that ended it, and its standard error. */
    async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<readonly [number | string, string]> {
      child.kill(signal)
      const [code, by] = await closed
      return [code ?? by!, errors]
    },
  }
}

/** Packages of Python that an example needs, in a folder of their own: all of them are written in Python alone. */
function pythonPackages(name: string, packages: readonly string[]): Program {
  return {
    name,
    folder: inCache(packages[0]!.replace('==', '-')),
    needs: [{ name: 'Python', check: ['python3', '-m', 'pip', '--version'], package: 'python3-pip' }],
    async make(folder, note) {
      const pip = ['python3', '-m', 'pip', 'install', '--no-deps', '--target', folder, ...packages] as const
      await build(name, pip, { cwd: folder }, note)
    },
  }
}

export const kafkaPython = pythonPackages('kafka-python', ['kafka-python==3.0.12'])
export const boto3 = pythonPackages('boto3', [
  'boto3==1.44.8',
  'botocore==1.44.8',
  'jmespath==1.1.0',
  'python-dateutil==2.9.0.post0',
  's3transfer==0.19.3',
  'six==1.17.0',
  'urllib3==2.8.0',
])
