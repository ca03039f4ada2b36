import { thisProcess } from '@cairn/drivers/process-id'
import { describe, expect, it } from 'vitest'
import { changeOf, changeText, runningServices, stoppedOf } from './changes.ts'
import type { Running, Service } from './stack.ts'

/** A service, whose version is that of all that it is made of. */
function serviceOf(name: string, more: Partial<Service> = {}): Service {
  const of = {
    name,
    program: 'node',
    args: ['main.js'],
    env: { PORT: '1' },
    url: '',
    connection: 'c',
    built: 'b',
    ...more,
  }
  return { probe: 'http', version: JSON.stringify(of), ...of }
}
const running: Running = { supervisor: thisProcess, services: { load: thisProcess, old: thisProcess } }
const before = runningServices([serviceOf('load'), serviceOf('old'), serviceOf('dead')], running)
const textOf = (more: Partial<Service>) => changeText(changeOf(serviceOf('load', more), before))

describe('the action for a service', () => {
  it('is none if it is up to date, start if it has no process', () => {
    expect(changeOf(serviceOf('load'), before)).toEqual({ name: 'load', change: 'unchanged' })
    expect(changeOf(serviceOf('new'), before)).toEqual({ name: 'new', change: 'started' })
    expect(changeOf(serviceOf('dead'), before)).toEqual({ name: 'dead', change: 'started' })
  })

  it('is restart for each kind of change, without revealing values', () => {
    const env = { PORT: '2', CAIRN_SECRET_KEY: 'open-sesame' }
    expect(textOf({ env })).toBe('restarted  load: its secret KEY is new; PORT has changed')
    expect(textOf({ env: {} })).toBe('restarted  load: PORT is no longer set')
    expect(textOf({ connection: 'd' })).toBe('restarted  load: the connection to Kafka and the store has changed')
    expect(textOf({ built: 'd' })).toBe('restarted  load: Cairn has changed')
    expect(textOf({ args: [] })).toBe('restarted  load: Cairn has changed')
    expect(changeText(changeOf(serviceOf('load', { probe: 'kafka', args: [] }), before))).toBe(
      'restarted  load: its settings have changed',
    )
  })

  it('is stop if the project no longer has it', () => {
    const why = 'the project no longer has it'
    expect(stoppedOf([serviceOf('load')], before)).toEqual([{ name: 'old', change: 'stopped', why }])
  })
})
