import { expect, it } from 'vitest'
import { reasonOf } from './failure.ts'

const named = (name: string, more: object = {}) => Object.assign(new Error('text'), { name, ...more })

it.each([
  [named('KafkaJSConnectionError', { retriable: true }), true],
  [named('KafkaJSProtocolError', { retriable: false, type: 'GROUP_AUTHORIZATION_FAILED' }), false],
  [named('KafkaJSGroupCoordinatorNotFound', { retriable: false }), true],
  [named('Outer', { cause: named('KafkaJSGroupCoordinatorNotFound', { retriable: false }) }), true],
  ['text', false],
])('whether a retry of %s may succeed: %s', (error, isPassing) => {
  expect(reasonOf(error).isTemporary).toBe(isPassing)
})
