import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { isAtHand } from '../servers/needed.fixture.ts'
import { install, lacking } from '../servers/programs.ts'
import { faultOf } from './records.fixture.ts'
import {
  boto3,
  hostileTo,
  kafkaPython,
  openEnvironment,
  startConsumer,
  type Environment,
  type Consumer,
} from './consumers.fixture.ts'

const servers = inject('servers')
const hasPython = servers !== undefined && (await isPythonAtHand())
const ROOT = resolve(import.meta.dirname, '../..')
const EXAMPLES = join(ROOT, 'docs/consumers')

/** Under CI what is lacking fails the tests, instead of skipping some. */
async function isPythonAtHand(): Promise<boolean> {
  if (!isAtHand(lacking(kafkaPython, kafkaPython.needs))) return false
  try {
    for (const packages of [kafkaPython, boto3]) await install(packages, (line) => console.error(line))
    return true
  } catch (error) {
    if (process.env['CI']) throw error
    console.error(`skipped: ${(error as Error).message}`)
    return false
  }
}

describe.skipIf(!servers)('a consumer of flight-delays', () => {
  let lab: Environment
  let inFlight: string
  /** Ids of all that there is to be printed. */
  const ids: string[] = []
  const startedFirst = new Map<string, Consumer>()
  const open = new Set<Consumer>()

  const start = (command: readonly [string, ...string[]], env: Readonly<Record<string, string>>): Consumer => {
    const consumer = startConsumer(command, lab.folder, env)
    open.add(consumer)
    return consumer
  }
  const end = (consumer: Consumer, signal: 'SIGTERM' | 'SIGKILL') => {
    open.delete(consumer)
    return consumer.end(signal)
  }
  const typescript = (group: string): Consumer =>
    start([process.execPath, join(EXAMPLES, 'notify.ts'), group], { CAIRN_CONNECTION: lab.connectionFile })
  const python = (group: string, ...more: string[]): Consumer => {
    const options = ['--brokers', lab.brokers, '--env', lab.env, '--group', `py-${group}`, ...more]
    return start(['python3', join(EXAMPLES, 'notify.py'), ...options], { PYTHONPATH: kafkaPython.folder })
  }
  const CONSUMERS = [
    { name: 'notify.ts', isThere: true, start: typescript, anew: () => typescript('anew') },
    { name: 'notify.py', isThere: hasPython, start: python, anew: () => python('anew', '--from-beginning') },
  ]

  /** Runs flight-delays once more, all of it reused. */
  const runAgain = async (): Promise<string> => {
    const run = await lab.start()
    ids.push(completed(run))
    await lab.until(run, 'run-ended')
    return completed(run)
  }
  const completed = (run: string) => `${run}/evaluate/completed`

  beforeAll(async () => {
    lab = await openEnvironment(servers!)
    inFlight = await lab.start()
    ids.push(completed(inFlight))
    await lab.until(inFlight, 'completed', 'load-flights')
    for (const { name, isThere, start } of CONSUMERS)
      if (isThere) startedFirst.set(name, start('first', '--from-beginning'))
  })
  afterAll(async () => {
    await Promise.all([...open].map((consumer) => consumer.end('SIGKILL')))
    await lab?.close()
  })

  /** The processes of each consumer's first group: one that ended, one that was killed, one that resumes. */
  const lives = new Map<string, Consumer[]>()
  const there = CONSUMERS.filter(({ isThere }) => isThere)

  it('receives the run that was in flight when it started', async () => {
    for (const { name } of there) {
      const consumer = startedFirst.get(name)!
      await consumer.until(completed(inFlight))
      expect(await end(consumer, 'SIGTERM'), name).toEqual([0, ''])
      expect(
        consumer.ids().filter((id) => id === completed(inFlight)),
        name,
      ).toHaveLength(1)
    }
  })

  it('is killed in the middle, all of them at once', async () => {
    const killed = there.map(({ start }) => start('first'))
    const run = await runAgain()
    await Promise.all(killed.map((consumer) => consumer.until(run)))
    const before = killed.map(({ lines }) => lines.length)
    const during = Promise.all([runAgain(), runAgain(), runAgain()])
    await Promise.all(
      killed.map(async (consumer, index) => {
        await vi.waitUntil(() => consumer.lines.length > before[index]!, { timeout: 300_000, interval: 1 })
        await end(consumer, 'SIGKILL')
      }),
    )
    await during
    await runAgain()
    there.forEach(({ name, start }, index) =>
      lives.set(name, [startedFirst.get(name)!, killed[index]!, start('first')]),
    )
  })

  describe.each(CONSUMERS)('by $name', ({ name, isThere }) => {
    it.skipIf(!isThere)('resumes without loss when it was killed in the middle', async () => {
      const [first, killed, resumed] = lives.get(name) as [Consumer, Consumer, Consumer]
      const before = new Set([...first.ids(), ...killed.ids()])
      await resumed.until(...ids.filter((id) => !before.has(id)))
      expect(await end(resumed, 'SIGTERM')).toEqual([0, ''])

      const printed = lives.get(name)!.flatMap((life) => life.ids())
      expect([...new Set(printed)].sort()).toEqual(ids.toSorted())
      // What it printed in the very moment of the kill, it could not note.
      expect(printed.length - new Set(printed).size).toBeLessThanOrEqual(1)
    })
  })

  describe.each(CONSUMERS)('by $name', ({ isThere, anew }) => {
    it.skipIf(!isThere)('receives everything from the beginning as another group, each event once', async () => {
      const consumer = anew()
      await consumer.until(...ids)
      const event = await lab.until(inFlight, 'completed', 'evaluate')
      await lab.bus.publish(lab.topic, [event, event])
      await consumer.until(await runAgain())
      expect(await end(consumer, 'SIGTERM')).toEqual([0, ''])
      expect(consumer.ids().sort()).toEqual(ids.toSorted())
    })
  })

  it('in each example moves events that break the contract to the dead letters, and continues', async () => {
    const event = await lab.until(inFlight, 'completed', 'evaluate')
    const consumers = there.map(({ name, start }) => ({ name, consumer: start('strict', '--from-beginning') }))
    const hostile = hostileTo(event)
    await lab.send(hostile)
    const last = await runAgain()
    const groups = { 'notify.ts': 'strict.evaluate.completed', 'notify.py': 'py-strict.evaluate.completed' }
    for (const { name, consumer } of consumers) {
      await consumer.until(last)
      await vi.waitUntil(async () => (await lettersOf(groups[name as keyof typeof groups])).size >= hostile.length, {
        timeout: 300_000,
        interval: 200,
      })
      expect(await end(consumer, 'SIGTERM'), name).toEqual([0, ''])
      expect(consumer.ids().toSorted(), name).toEqual(ids.toSorted())
    }
  })
  const lettersOf = async (group: string) =>
    new Set((await lab.bus.deadLetters(lab.topic)).flatMap((letter) => (letter.group === group ? [letter.id] : [])))

  it('leaves records that fit their schemas', async () => {
    const met = new Set<string>()
    for await (const { path } of lab.store.list(`${lab.env}/flight-delays/`)) {
      if (/\/objects\/|\.mjs$/.test(path)) continue
      expect(faultOf(path, (await lab.store.read(path))!)).toBeUndefined()
      met.add(path.replace(/^[^/]+\/[^/]+\/(runs\/[^/]+\/)?/, '').split('/')[0]!)
    }
    expect([...met].sort()).toEqual(expect.arrayContaining(['checkpoints', 'code', 'end', 'ends', 'plan']))
  })

  it.skipIf(!hasPython)('has outputs that outputs.py lists and reads', () => {
    const outputs = (...args: string[]) =>
      execFileSync(
        'python3',
        [join(EXAMPLES, 'outputs.py'), '--connection', lab.connectionFile, 'flight-delays', inFlight, ...args],
        { env: { ...process.env, PYTHONPATH: boto3.folder }, maxBuffer: 1 << 28 },
      )
    const listed = String(outputs()).trim().split('\n')
    const digestOf = new Map(listed.map((line) => [line.split(' ', 2).join(' '), line.split(' ')[2]]))
    for (const [place, name] of [
      ['evaluate', 'metrics'],
      ['clean-flights', 'flights'],
    ] as const)
      expect(hash('sha256', outputs(place, name))).toBe(digestOf.get(`${place} ${name}`))
    expect(JSON.parse(String(outputs('evaluate', 'metrics')))).toMatchObject({ auc: expect.any(Number) as number })
    expect(() => outputs('evaluate', 'none')).toThrow(/has no such output/)
  })

  it('in nest.ts receives all runs, moves events that break the contract to the dead letters, and stops on request', async () => {
    const bundle = await rolldown({
      input: join(EXAMPLES, 'nest.ts'),
      platform: 'node',
      external: (id) => !/^([./\0]|@cairn\/|@oxc-project\/)/.test(id),
      tsconfig: join(ROOT, 'tsconfig.base.json'),
    })
    const file = join(lab.folder, 'nest.js')
    await bundle.write({ file, format: 'esm', codeSplitting: false })
    symlinkSync(join(ROOT, 'node_modules'), join(lab.folder, 'node_modules'))
    const consumer = start([process.execPath, file], { CAIRN_CONNECTION: lab.connectionFile })
    await consumer.until(...ids)
    const hostile = hostileTo(await lab.until(inFlight, 'completed', 'evaluate'))
    await lab.send(hostile) // as others were before it came
    await consumer.until(await runAgain())
    await vi.waitUntil(async () => (await lettersOf('notifier.evaluate.completed')).size >= 2 * hostile.length, {
      timeout: 300_000,
      interval: 200,
    })
    expect(await end(consumer, 'SIGTERM')).toEqual([0, ''])
    expect([...new Set(consumer.ids())].toSorted()).toEqual(ids.toSorted())
  })
})
