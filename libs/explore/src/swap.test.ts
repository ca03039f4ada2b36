import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { json } from '@cairn/engine/simulation/pipelines'
import { each, list, pipeline, step } from '@cairn/kernel'
import type { StepNode } from '@cairn/kernel/contract'
import { swapStep } from './swap.ts'

const number = json<number>()
const text = { ...json<string>(), schema: { type: 'string' } }
const spread = step('spread', {
  outputs: { items: list(number), size: number },
  run: () => ({ items: [1, 2], size: 2 }),
})
const scale = step('scale', {
  inputs: { n: number, size: number },
  params: z.object({ by: z.number().default(2) }),
  outputs: { n: number },
  run: ({ n }, { by }) => ({ n: n * by }),
})
const mapped = pipeline('mapped', () => {
  const { items, size } = spread({})
  return each(items, (n) => scale({ n, size }, { by: 3 }))
})

describe('a swapped step', () => {
  it('runs the other step under the name of the replaced one', () => {
    const twice = step('twice', { inputs: { n: number }, outputs: { n: number }, run: ({ n }) => ({ n: n + n }) })
    const { graph, step: placed } = swapStep(mapped.graph, 'scale', twice)
    const node = graph.nodes.get('scale') as StepNode
    expect([placed.name, placed.definition.run({ n: 4 }, {})]).toEqual(['scale', { n: 8 }])
    expect(node).toMatchObject({ id: 'scale', scope: ['each-items'], inputs: { n: { item: 'each-items' } } })
    expect(node.inputs).not.toHaveProperty('size')
    expect(node.step).toBe(placed)
    expect((mapped.graph.nodes.get('scale') as StepNode).step).toBe(scale)
  })

  it('may have outputs that nothing reads', () => {
    const more = step('more', {
      inputs: { n: number },
      outputs: { n: number, why: text },
      run: ({ n }) => ({ n, why: '' }),
    })
    expect(swapStep(mapped.graph, 'scale', more).graph.nodes.get('scale')!.outputs).toHaveProperty('why')
  })

  it('is refused with both schemas if an input or output has another kind', () => {
    const wrong = step('wrong', { inputs: { n: number }, outputs: { n: text }, run: () => ({ n: '' }) })
    expect(() => swapStep(mapped.graph, 'scale', wrong)).toThrow(
      'wrong cannot replace scale: it returns json {"type":"string"} as "n", but scale returns json {}',
    )
    const words = step('words', { inputs: { n: text }, outputs: { n: number }, run: () => ({ n: 1 }) })
    expect(() => swapStep(mapped.graph, 'scale', words)).toThrow(
      'input "n" of words must be json {"type":"string"}, but scale receives json {}',
    )
  })

  it('is refused if it needs an unwired input, or lacks an output that is read', () => {
    const curious = step('curious', { inputs: { m: number }, outputs: { n: number }, run: () => ({ n: 1 }) })
    expect(() => swapStep(mapped.graph, 'scale', curious)).toThrow(
      'curious has an input "m", which is not available at scale',
    )
    const silent = step('silent', { inputs: { n: number }, outputs: {}, run: () => ({}) })
    expect(() => swapStep(mapped.graph, 'scale', silent)).toThrow('silent cannot replace scale: it has no output "n"')
  })
})
