/**
 * Programs of a test project. Each step's host is a separate process, as on services, and so is each process that
 * computes. A bus in the parent process takes the place of Kafka: events that a killed host was handling go to the next
 * host.
 */
export const CLUSTER = {
  'demo.pipeline.ts': `import { existsSync, writeFileSync } from 'node:fs'
import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const N = json<number>()

export const load = step('load', { outputs: { ns: list(N) }, run: () => ({ ns: [1, 2, 3, 4, 5] }) })
export const double = step('double', { inputs: { n: N }, outputs: { d: N }, run: ({ n }) => ({ d: 2 * n }) })
export const slow = step('slow', {
  outputs: { o: N },
  acknowledge: ['files'],
  run: async () => {
    console.log(existsSync('go-on') ? 'again' : 'begun')
    while (!existsSync('go-on')) await new Promise((later) => setTimeout(later, 20))
    return { o: 7 }
  },
})
export const sum = step('sum', {
  inputs: { ds: list(N), o: N },
  outputs: { s: N },
  run: async ({ ds, o }) => ({ s: (await Array.fromAsync(ds)).length + o }),
})
export const demo = pipeline('demo', () => {
  const { ns } = load({})
  const { d } = each(ns, (n) => double({ n }), { batch: 2 })
  return sum({ ds: d, o: slow({}).o })
})
`,

  'host.ts': `import { mkdirSync } from 'node:fs'
import { processPool } from '@cairn/drivers/compute'
import { isGone, thisProcess } from '@cairn/drivers/process-id'
import { folderStore } from '@cairn/drivers/store/folder'
import { Engine } from '@cairn/engine'
import { systemClock } from '@cairn/records'

const [step = ''] = process.argv.slice(2)
const scratch = () => (mkdirSync('scratch', { recursive: true }), 'scratch')
const compute = processPool({ root: process.cwd(), scratch, secrets: () => undefined, remember: (_, make) => make(), size: 1 })
const published = new Map()
const bus = {
  system: 'ipc',
  publish(topic, events) {
    const { promise, resolve } = Promise.withResolvers()
    published.set(published.size, resolve)
    process.send({ say: 'publish', id: published.size - 1, topic, events })
    return promise
  },
  subscribe: () => Promise.reject(new Error('events come from the parent')),
}
const [store, steps] = [folderStore('store'), new Set([step])]
const engine = new Engine({ store, bus, clock: systemClock, compute, name: thisProcess, isGone, hasSuccessor: true, steps })

process.on('message', async ({ say, id, event }) => {
  if (say === 'published') return published.get(id)()
  await engine.handle(event)
  process.send({ say: 'handled', id })
})
process.on('disconnect', () => process.exit())
process.send({ say: 'ready' })
`,

  'cluster.ts': `import { fork } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { memoryBus } from '@cairn/drivers/events/memory'
import { folderStore } from '@cairn/drivers/store/folder'
import { findProject, loadPipeline, planRun, Workspace } from '@cairn/workspace'
import { submit } from '@cairn/engine'
import { systemClock, topicOf } from '@cairn/records'

const store = folderStore('store')
const workspace = new Workspace(findProject(process.cwd()), store)
const { plan } = await planRun(workspace, await loadPipeline(workspace.project, 'demo'), {})
const [bus, topic] = [memoryBus(), topicOf(plan)]

async function startHost(step) {
  const child = fork('host.ts', [step], { env: { ...process.env, OTEL_SERVICE_NAME: 'stage-' + step } })
  const inHand = new Map()
  const gone = Promise.withResolvers()
  const ready = Promise.withResolvers()
  child.on('message', async ({ say, id, topic, events }) => {
    if (say === 'ready') return ready.resolve()
    if (say === 'handled') return inHand.get(id).resolve()
    await bus.publish(topic, events)
    if (child.connected) child.send({ say: 'published', id })
  })
  await ready.promise
  const subscription = await bus.subscribe(topic, { group: step, from: 'beginning' }, (event) => {
    const handled = Promise.withResolvers()
    inHand.set(inHand.size, handled)
    child.send({ say: 'event', id: inHand.size - 1, event })
    return handled.promise
  })
  child.on('exit', () => {
    void subscription.close()
    for (const { reject } of inHand.values()) reject(new Error('the host is gone'))
    gone.resolve()
  })
  return { child, subscription, gone: gone.promise }
}

const hosts = await Promise.all(['load', 'double', 'slow', 'sum'].map(startHost))
const ended = Promise.withResolvers()
await bus.subscribe(topic, { group: 'follower', from: 'beginning' }, async ({ type }) => {
  if (type === 'cairn.run-ended') ended.resolve()
})
await submit({ store, bus, clock: systemClock }, plan)

while (!existsSync('kill')) await new Promise((later) => setTimeout(later, 20))
const [killed] = hosts.splice(2, 1)
killed.child.kill('SIGKILL')
await killed.gone
writeFileSync('go-on', '')
hosts.push(await startHost('slow'))

await ended.promise
await Promise.all(hosts.map(({ subscription }) => subscription.close())) // waits for what is in hand
for (const { child } of hosts) child.disconnect()
await Promise.all(hosts.map(({ gone }) => gone))
process.exit()
`,
}
