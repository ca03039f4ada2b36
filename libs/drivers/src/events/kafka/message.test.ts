import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptEvent, layout, parseEvent, requireOf, type CairnEvent, type Plan } from '@cairn/records'
import { CairnError } from '@cairn/kernel'
import { contractEvents, hostileMessages, type HostileMessage } from './hostile-events.fixture.ts'
import { event } from './kafka.fixture.ts'
import { readEvent, toMessage, type Incoming } from './message.ts'

const OF = { env: 'test', pipeline: 'p' }
const TARGET = {
  ...OF,
  runs: ['20261124-134528-9wsnm', 'r'],
  places: { draw: 'draw', 'each-items': undefined, score: 'score' },
}
const CASES = Number(process.env['CAIRN_HOSTILE'] ?? 2_000)

function incoming({
  key,
  value,
  headers,
}: Pick<HostileMessage, 'value'> & { key: unknown; headers: object }): Incoming {
  const values = Object.entries(headers as Record<string, string | Buffer | Buffer[]>)
  return {
    offset: 0,
    key: Buffer.from(String(key)),
    value,
    headers: new Map(values.map(([name, value]) => [name, [value].flat().map((one) => Buffer.from(one as string))])),
  }
}

function sent(of: Partial<CairnEvent>): Incoming {
  const { key, value, headers } = toMessage(event('e', of))
  return incoming({ key, value: Buffer.from(value), headers })
}

describe('a message', () => {
  it('decodes to the event that it was encoded from', () => {
    fc.assert(
      fc.property(contractEvents(TARGET), (made) => {
        const { key, value, headers } = toMessage(made)
        const read = readEvent(incoming({ key, value: Buffer.from(value), headers }))
        expect(read).toEqual(made)
        requireOf(OF, read)
      }),
    )
    const data = {
      run: '20261124-134528-9wsnm',
      node: 'maps.each-größenKlassen',
      batch: '3.0',
      step: 'score',
      counts: {},
    }
    const type = 'cairn.completed'
    expect(readEvent(sent({ type, data: { ...OF, ...data } })).data).toMatchObject(data)
  })

  it.each(['attempt-started', 'attempt-failed'] as const)('of %s names the step in a header', (type) => {
    const placed = { scope: [], guards: [], params: {}, inputs: {} }
    const nodes = { 'score-2': { type: 'step', step: 'score', ...placed } } as Plan['nodes']
    const plan: Plan = { v: 1, run: 'r', ...OF, createdAt: 1, params: {}, steps: {}, nodes, outputs: {} }
    const { headers } = toMessage(attemptEvent(plan, type, 'score-2/1', 1, 1))
    expect(headers).toMatchObject({ ce_type: `cairn.${type}`, cairn_step: 'score' })
  })

  it.each(['run', 'pipeline', 'env', 'node', 'batch', 'step'])(
    'is refused if its %s would change a path, or is longer than stores accept',
    (name) => {
      const data = { ...OF, run: 'r', node: 'n' }
      const wrong = ['', '.', '..', '../other', 'a/b', 'a\\b', 'a\nb', 'x'.repeat(201), 'ä'.repeat(200), 'constructor']
      for (const value of wrong)
        expect(() => readEvent(sent({ type: 'cairn.ready', data: { ...data, [name]: value } }))).toThrow(
          `data.${name} is "`,
        )
    },
  )

  it('is refused if a header for filtering differs from the event, or is sent twice', () => {
    const message = sent({})
    const other = (name: string, ...values: string[]): Incoming => ({
      ...message,
      headers: new Map([...message.headers, [name, values.map((value) => Buffer.from(value))]]),
    })
    for (const name of ['cairn_env', 'cairn_pipeline', 'cairn_run', 'cairn_step'])
      expect(() => readEvent(other(name, 'other'))).toThrow(`the header ${name} of the message does not match its data`)
    expect(() => readEvent(other('ce_id', 'a', 'b'))).toThrow('2 headers ce_id')
  })

  it('is refused if its id, subject or source does not match its data', () => {
    const read = readEvent(sent({ id: 'e/run-started', source: '/test/flight-delays' }))
    const of = { env: 'test', pipeline: 'flight-delays' }
    requireOf(of, read)
    expect(() => requireOf({ ...of, pipeline: 'p' }, read)).toThrow(', not to test/p')
    for (const wrong of [{ id: 'x' }, { subject: 'x' }, { source: '/test/p' }])
      expect(() => requireOf(of, { ...read, ...wrong })).toThrow(CairnError)
  })

  it('is either refused or contains only names that a store accepts', () => {
    let [read, refused] = [0, 0]
    fc.assert(
      fc.property(hostileMessages(TARGET), (message) => {
        let came: CairnEvent
        try {
          came = readEvent(incoming(message))
          requireOf(OF, came)
        } catch (error) {
          refused++
          expect(['BAD_RECORD', 'NOT_JSON']).toContain((error as CairnError).code)
          return
        }
        read++
        const { env, pipeline, run, node = 'n', batch = '' } = came.data
        const at = layout(env, pipeline)
        const task = batch === '' ? node : `${node}/${batch}`
        for (const path of [
          at.plan(run),
          at.end(run, task),
          at.log(run, task, 99, 99_999),
          at.unfit(run, task, 'x'.repeat(64)),
        ])
          for (const part of path.split('/')) {
            expect(Buffer.byteLength(part)).toBeLessThan(256)
            expect(['', '.', '..']).not.toContain(part)
          }
        expect(parseEvent(came)).toEqual(came)
        expect(Object.keys(Object.prototype)).toEqual([])
      }),
      { numRuns: CASES },
    )
    expect(read).toBeGreaterThan(CASES / 20)
    expect(refused).toBeGreaterThan(CASES / 4)
  })
})
