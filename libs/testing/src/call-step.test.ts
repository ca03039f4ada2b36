import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { json } from '@cairn/engine/simulation/pipelines'
import { list, source, step } from '@cairn/kernel'
import { callStep } from './call-step.ts'

const Int = json<number>()
const scale = step('scale', {
  inputs: { n: Int },
  params: z.object({ by: z.number().default(2) }),
  outputs: { n: Int, doubled: list(Int) },
  run: ({ n }, { by }) => ({ n: n * by, doubled: [n, n] }),
})

describe('a step called in a test', () => {
  it('gets its inputs, and defaults for parameters that are not given', async () => {
    expect((await callStep(scale, { n: 3 })).n).toBe(6)
    const { n, doubled } = await callStep(scale, { n: 3 }, { by: 5 })
    expect([n, await doubled.all()]).toEqual([15, [3, 3]])
  })

  it('is refused parameters that do not fit, and an output that it does not declare', async () => {
    await expect(callStep(scale, { n: 1 }, { by: 'two' as never })).rejects.toThrow('invalid parameters of scale: by')
    const wrong = step('wrong', { outputs: { n: Int }, run: () => ({ m: 1 }) as never })
    await expect(callStep(wrong, {})).rejects.toThrow('wrong returned "m", which it does not declare')
  })

  it('draws the same numbers from the same seed', async () => {
    const draw = step('draw', { outputs: { n: Int }, run: (_, __, { random }) => ({ n: random() }) })
    const [one, two, other] = [
      await callStep(draw, {}, {}, { seed: 'a' }),
      await callStep(draw, {}, {}, { seed: 'a' }),
      await callStep(draw, {}, {}, { seed: 'b' }),
    ]
    expect(two).toEqual(one)
    expect(other).not.toEqual(one)
  })

  it('has a scratch folder and the given secrets', async () => {
    const peek = step('peek', {
      outputs: { found: json<unknown[]>() },
      secrets: ['TOKEN'],
      run: (_, __, { scratch, secrets }) => ({ found: [existsSync(scratch), secrets.TOKEN === 'token'] }),
    })
    expect((await callStep(peek, {}, {}, { secrets: { TOKEN: 'token' } })).found).toEqual([true, true])
  })

  it('reads a source', async () => {
    class Counter {
      readonly name = 'a counter'
      readonly start = 4
      version = () => 'not asked for'
      open() {
        return { count: this.start }
      }
    }
    const count = source('count', {
      reads: { counter: new Counter() },
      outputs: { n: Int },
      run: ({ counter }) => ({ n: counter.count }),
    })
    expect((await callStep(count, {})).n).toBe(4)
  })
})
