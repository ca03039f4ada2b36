import { describe, expect, it } from 'vitest'
import { event } from './kafka.fixture.ts'
import { readEvent, toMessage, type Incoming } from './message.ts'

function incoming(data: object): Incoming {
  const { key, value, headers } = toMessage(event('e', { data: { ...event('e').data, ...data } }))
  return {
    offset: 0,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: new Map(Object.entries(headers).map(([name, text]) => [name, [Buffer.from(String(text))]])),
  }
}

describe('a message', () => {
  it('is read as the event that it was made of', () => {
    const data = { run: '20261124-134528-9wsnm', node: 'maps.each-inner', batch: '3.0', step: 'score' }
    expect(readEvent(incoming(data)).data).toMatchObject(data)
  })

  it.each(['run', 'pipeline', 'env', 'node', 'batch', 'step'])(
    'is refused when its %s would lead elsewhere',
    (name) => {
      for (const value of ['', '.', '..', '../other', 'a/b', 'a\\b', 'a\nb', 'x'.repeat(201)])
        expect(() => readEvent(incoming({ [name]: value }))).toThrow(`in the message's data, ${name} is no name`)
    },
  )
})
