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
const said = (more: Partial<Service>) => changeText(changeOf(serviceOf('load', more), before))

describe('what becomes of a service', () => {
  it('is nothing where it runs as it should, and a start where it has no process', () => {
    expect(changeOf(serviceOf('load'), before)).toEqual({ name: 'load', change: 'unchanged' })
    expect(changeOf(serviceOf('new'), before)).toEqual({ name: 'new', change: 'started' })
    expect(changeOf(serviceOf('dead'), before)).toEqual({ name: 'dead', change: 'started' })
  })

  it('is a restart for each thing that has changed, of which it names no value', () => {
    const env = { PORT: '2', CAIRN_SECRET_KEY: 'open-sesame' }
    expect(said({ env })).toBe('restarted  load: its secret KEY is new; PORT has changed')
    expect(said({ env: {} })).toBe('restarted  load: PORT is no longer set')
    expect(said({ connection: 'd' })).toBe('restarted  load: the connection to Kafka and the store has changed')
    expect(said({ built: 'd' })).toBe('restarted  load: Cairn has changed')
    expect(said({ args: [] })).toBe('restarted  load: Cairn has changed')
    expect(changeText(changeOf(serviceOf('load', { probe: 'kafka', args: [] }), before))).toBe(
      'restarted  load: its settings have changed',
    )
  })

  it('is a stop where the project no longer has it', () => {
    const why = 'the project no longer has it'
    expect(stoppedOf([serviceOf('load')], before)).toEqual([{ name: 'old', change: 'stopped', why }])
  })
})
