import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Plan, PlannedNode } from '@cairn/records'
import { randomPipeline } from '../simulation/pipelines.ts'
import { randomFrom } from '../simulation/world.ts'
import { Example } from './example.fixture.ts'
import { ownershipOf, routingOf } from './routing.ts'

/** A run that takes some of the nodes outside every `each` from another run. */
function partOf(plan: Plan, isTaken: (id: string) => boolean): Plan {
  const taken = new Set(Object.keys(plan.nodes).filter((id) => plan.nodes[id]!.scope.length === 0 && isTaken(id)))
  const isInside = ({ scope }: PlannedNode) => scope.some((each) => taken.has(each))
  const nodes = Object.entries(plan.nodes).filter(([, node]) => !isInside(node))
  const given = (node: PlannedNode) => ({ type: 'given', scope: [], from: 'other', outputs: {}, was: node }) as never
  return { ...plan, nodes: Object.fromEntries(nodes.map(([id, node]) => [id, taken.has(id) ? given(node) : node])) }
}

it('sends each task, in any part of a pipeline, to a step that has the right to write its records', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0 }), async (seed) => {
      const random = randomFrom(seed)
      const { pipeline } = randomPipeline(random)
      const owners = new Map(ownershipOf(pipeline.graph).map(({ node, steps }) => [node, steps]))
      const plan = partOf(await new Example(pipeline).plan(), () => random() < 0.3)
      const routing = routingOf(plan)
      for (const [id, { type }] of Object.entries(plan.nodes)) {
        const step = routing.of(id)
        if (type !== 'given' && step !== undefined) expect(owners.get(id), id).toContain(step)
      }
    }),
    { numRuns: 300 },
  )
})
