import { examine } from '@cairn/maintenance'
import { Client } from 'minio'
import { expect, it } from 'vitest'
import type { Case } from './cases.fixture.ts'

export function store(theWorld: Case): void {
  it.each(['answer lost', 'request lost', 'cut off', 'busy'] as const)(
    'needs one attempt and writes one record if PUTs of any kind fail (%s)',
    async (fault) => {
      const world = theWorld()
      const struck = [/\/objects\//, /\/checkpoints\//, /\/attempts\//, /\/ends\//, /\/end$/].map((path) =>
        world.proxy.next(fault, 'PUT', path, 2),
      )
      const runs = [await world.submit(), await world.submit()]
      const statuses = await world.untilEnded(runs)
      expect(new Set(Object.values(statuses))).toEqual(new Set(['completed']))
      await Promise.all(struck)
      for (const run of runs) expect((await world.end(run, 'total')).attempts).toBe(1)
    },
  )

  it('waits while the store denies requests', async () => {
    const world = theWorld()
    const denied = world.proxy.next('denied', 'PUT', /\/(ends|checkpoints|attempts)\//, 12)
    const runs = [await world.submit(), await world.submit()]
    await denied
    expect(new Set(Object.values(await world.untilEnded(runs)))).toEqual(new Set(['completed']))
  })

  it('reports, quarantines and computes again an object with a flipped bit', async () => {
    const world = theWorld()
    const request = world.fresh()
    const first = await world.submit({ ...request, until: ['draw'] })
    await world.untilEnded([first])
    const [outcome] = (await world.end(first, 'draw')).items
    const { digest } = outcome?.status === 'completed' ? outcome.outputs['sheet']! : expect.unreachable()
    const path = world.at.object(digest)
    const good = Buffer.from((await world.store.read(path))!)
    good[100]! ^= 1
    const { endpoint, accessKey, secretKey, bucket } = world.connection.s3
    const { hostname, port } = new URL(endpoint)
    const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey })
    await client.putObject(bucket, path, good)

    const second = await world.submit(request)
    expect(await world.untilEnded([second])).toEqual({ [second]: 'failed' })
    expect((await world.end(second, 'total')).items[0]).toMatchObject({ error: { code: 'CORRUPT' } })
    const { findings } = await examine(world.store, world.at, { repair: true })
    expect(findings.map(({ what }) => what)).toContain('its content does not match its digest')
    const third = await world.submit(request)
    expect(await world.untilEnded([third])).toEqual({ [third]: 'completed' })
    expect((await world.end(third, 'draw')).items[0]).toMatchObject({ how: 'computed' })
  })

  it('refuses to start a stage with wrong credentials, and reports the reason', async () => {
    const world = theWorld()
    const { s3 } = world.connection
    const { code, log } = await world.tryStage('draw', { ...world.connection, s3: { ...s3, secretKey: 'not-the-key' } })
    expect(code).toBe(1)
    expect(log).toMatch(/"level":60.*"next":"check the access key/)
    expect(log).not.toMatch(/^ +at /m) // no stack trace, because the error is expected
    expect(log).not.toContain('not-the-key')
  })
}
