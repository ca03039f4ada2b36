import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { faultyProxy } from '@cairn/drivers/store/faulty-proxy.fixture'
import { layout, readRecord, type RunEnd } from '@cairn/records'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const servers = inject('servers')
const STEPS = ['first', 'second', 'third', 'fourth', 'fifth']

describe.skipIf(!servers)('the stages of five small steps', () => {
  const env = `requests-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject('chain', env)
  const at = layout(env, 'chain')
  let proxy: Awaited<ReturnType<typeof faultyProxy>>
  let services: Services
  let control: Control

  beforeAll(async () => {
    proxy = await faultyProxy(servers!.s3.endpoint)
    services = await Services.open(servers!, { env, root: project.root, pipelines: ['chain'] })
    const { connection } = services
    const CAIRN_CONNECTION = join(services.folder, 'behind-proxy.json')
    writeFileSync(
      CAIRN_CONNECTION,
      JSON.stringify({ ...connection, s3: { ...connection.s3, endpoint: proxy.endpoint } }),
    )
    const stages = STEPS.map((step) => services.stage('chain', step, { CAIRN_CONNECTION }))
    ;[control] = await Promise.all([services.control(), ...stages])
  })
  afterAll(async () => {
    await services?.close()
    await proxy?.close()
    project.remove()
  })

  const complete = async (n: number) => {
    const run = await control.client.start('chain', { settings: { n } })
    const end = () => readRecord<RunEnd>(services.store, at.runEnd(run))
    await vi.waitUntil(end, { timeout: 300_000, interval: 50 })
    expect(await end()).toMatchObject({ status: 'completed' })
  }

  it('read from the store, in an undisturbed run, only what each task needs', async () => {
    await complete(1) // now each has loaded its code
    await sleep(2_500) // of a run that is planned as soon as a host has come up, it looks for what has ended
    const asked: string[] = []
    proxy.watch(async (moment, method, url) => {
      // Leases are for steps that take long, as any may on a machine that is busy.
      if (moment === 'before' && !/probe|store\.json|\/leases\//.test(url)) asked.push(requestOf(method, url, env))
    })
    await complete(2)
    const untilEnd = asked.slice(0, asked.indexOf('PUT runs/*/end') + 1)
    expect(untilEnd.sort()).toEqual(
      [
        ...STEPS.map(() => 'GET runs/*/plan'), // each stage, when a run begins
        ...STEPS.slice(0, -1).map((step) => `GET runs/*/ends/${step}`), // by who needs its outputs
        ...STEPS.map((step) => `GET checkpoints/${step}/*`),
        ...STEPS.map((step) => `PUT runs/*/attempts/${step}-1`),
        ...STEPS.map((step) => `PUT checkpoints/${step}/*`),
        ...STEPS.map((step) => `PUT runs/*/ends/${step}`),
        ...STEPS.slice(0, 3).map((step) => `GET runs/*/ends/${step}`), // by who writes the end, which rests on all records
        'PUT runs/*/end',
      ].sort(),
    )
  })
})

/** Its verb, and the place in the pipeline's folder, whatever the run and the key. */
function requestOf(method: string, url: string, env: string): string {
  const { pathname, searchParams } = new URL(url, 'http://store')
  const prefix = searchParams.get('prefix')
  const path = prefix ?? pathname
  const place = path.slice(path.indexOf(`${env}/chain/`) + `${env}/chain/`.length)
  return `${prefix === null ? method : 'LIST'} ${place.replace(/(?<=^runs\/)[^/]+|(?<=^checkpoints\/[^/]+\/).+/, '*')}`
}
