import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { simulate, type Ending } from '../simulation/simulate.ts'
import { layout, decodeRecord, type EndRecord } from '@cairn/records'
import { RunState } from './run-state.ts'

/** Terminal records of a run that was simulated without faults. */
function endingsOf({ plans: [plan], files }: Ending): [string, EndRecord][] {
  const at = layout(plan!.env, plan!.pipeline)
  return [...files]
    .filter(([path]) => path.startsWith(at.ends(plan!.run)))
    .map(([path, bytes]) => [at.taskOf(path), decodeRecord<EndRecord>(bytes, path)])
}

const simulations = await Promise.all(
  Array.from({ length: 40 }, (_, seed) => simulate({ seed: seed + 500, runs: 1, faults: 0, cancel: false })),
)
const simulation = fc.constantFrom(...simulations)

describe('the state of a run', () => {
  it('is the same in whatever order, and however often, ends arrive', () => {
    const anyOrder = simulation.chain((ending) =>
      fc.tuple(
        fc.constant(ending),
        fc.shuffledSubarray(endingsOf(ending), { minLength: endingsOf(ending).length }),
        fc.infiniteStream(fc.boolean()),
      ),
    )
    fc.assert(
      fc.property(anyOrder, ([{ plans }, endings, again]) => {
        const state = new RunState(plans[0]!)
        for (const [task, end] of endings) {
          state.end(task, end)
          if (again.next().value) state.end(task, end)
        }
        expect(state.isDone).toBe(true)
        expect([...state.unfinished()]).toEqual([])
        const failed = endings.some(([task, { status }]) => !task.includes('/') && status === 'failed')
        expect(state.status).toBe(failed ? 'failed' : 'completed')
      }),
    )
  })

  it('is never done, and makes no task ready twice, before all tasks have ended', () => {
    fc.assert(
      fc.property(simulation, fc.infiniteStream(fc.nat()), (ending, choices) => {
        const ends = new Map(endingsOf(ending))
        const state = new RunState(ending.plans[0]!)
        const open = [...state.initiallyReady]
        const started = new Set(open)
        while (open.length > 0) {
          expect(state.isDone).toBe(false)
          const [task] = open.splice(choices.next().value % open.length, 1)
          expect(state.isReady(task!)).toBe(true)
          state.end(task!, ends.get(task!)!)
          for (const next of new Set(state.readyAfter(task!))) {
            if (!state.isReady(next) || open.includes(next)) continue
            expect(started.has(next)).toBe(false)
            started.add(next)
            open.push(next)
          }
        }
        expect(state.isDone).toBe(true)
        expect([...started].sort()).toEqual([...ends.keys()].sort())
      }),
    )
  })

  it('makes a step ready when the last of the tasks that it reads has ended, and not before', () => {
    for (const ending of simulations) {
      const [plan] = ending.plans
      const ends = new Map(endingsOf(ending))
      const state = new RunState(plan!)
      const steps = Object.entries(plan!.nodes).flatMap(([id, node]) =>
        node.type === 'step' && node.scope.length === 0 && node.guards.length === 0 ? [{ id, node }] : [],
      )
      const open = [...state.initiallyReady]
      for (const task of open) {
        for (const { id, node } of steps) {
          const read = Object.values(node.inputs).map((ref) => ('node' in ref ? ref.node : ref.item))
          if (!state.hasEnded(id))
            expect([id, state.isReady(id)]).toEqual([id, read.every((one) => state.hasEnded(one))])
        }
        state.end(task, ends.get(task)!)
        for (const next of state.readyAfter(task)) if (state.isReady(next) && !open.includes(next)) open.push(next)
      }
      expect(steps.filter(({ id }) => !state.hasEnded(id))).toEqual([])
    }
  })
})
