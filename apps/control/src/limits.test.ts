import { expect, it } from 'vitest'
import { Limits, type Kind } from './limits.ts'
import { RequestRefused } from './problem.ts'

const LIMITS = { rate: 10, atOnce: 3, plans: 2, followers: 1 }

/** Limits with a manual clock. A refusal is represented by its `Retry-After`. */
function limited(limits = LIMITS) {
  let now = 0
  const all = new Limits(limits, () => now)
  const ask = (kind: Kind = 'other', holder = 'someone'): (() => void) | string => {
    try {
      return all.admit(holder, kind)
    } catch (error) {
      if (error instanceof RequestRefused) return `${error.problem.status} ${error.headers['retry-after']}`
      throw error
    }
  }
  return { ask, wait: (ms: number) => (now += ms) }
}

it('limits the concurrent requests of a token by kind, without affecting other tokens', () => {
  const { ask } = limited()
  const first = ask('plan') as () => void
  ask('plan')
  expect(ask('plan')).toBe('429 1')
  ask()
  expect(ask()).toBe('429 1')
  expect(ask('follow')).toBeTypeOf('function')
  expect(ask('follow')).toBe('429 10')
  expect(ask('plan', 'another')).toBeTypeOf('function')
  first()
  first()
  expect(ask('plan')).toBeTypeOf('function')
  expect(ask()).toBe('429 1')
})

it('limits the request rate of a token, with twice the rate at first, and recovers over time', () => {
  const { ask, wait } = limited({ ...LIMITS, atOnce: 1_000 })
  const asked = (times: number) => Array.from({ length: times }, () => ask()).filter((told) => told === '429 1').length
  expect(asked(25)).toBe(5)
  wait(500)
  expect(asked(8)).toBe(3)
  wait(60_000)
  expect(asked(25)).toBe(5)
})
