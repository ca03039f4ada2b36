import { describe, expect, it } from 'vitest'
import type { ArtifactRef } from '@cairn/kernel'
import type { Plan, PlannedNode, PlannedStep } from '@cairn/records'
import { planRerun } from './rerun.ts'

const code = { fingerprint: 'f', digest: 'd', packages: 'p' }
const step: PlannedStep = { code, source: false, outputs: {} }
const placed = { scope: [], guards: [] } as const
const ref = (node: string) => ({ node, output: 'out' })
const reads = (name: string, ...nodes: string[]): PlannedNode => ({
  ...placed,
  type: 'step',
  step: name,
  inputs: Object.fromEntries(nodes.map((node) => [node, ref(node)])),
  params: { n: 1 },
})
const guarded = { when: 'if', condition: ref('load'), arm: true }
const nodes: Record<string, PlannedNode> = {
  load: reads('load'),
  if: { ...placed, type: 'when', condition: ref('load'), then: { out: ref('guarded') }, otherwise: {} },
  guarded: { ...reads('guarded', 'load'), guards: [guarded] },
  each: {
    ...placed,
    type: 'each',
    over: ref('load'),
    batch: 1,
    tolerate: { items: 0 },
    collects: { out: ref('inner') },
  },
  inner: {
    ...reads('inner', 'guarded'),
    scope: ['each'],
    guards: [{ when: 'if', condition: ref('load'), arm: true }],
  },
}
const plan: Plan = {
  v: 1,
  run: 'recorded',
  env: 'local',
  pipeline: 'small',
  createdAt: 1,
  params: {},
  taints: [{ node: 'load', output: 'out', how: 'set by hand' }],
  steps: { load: step, guarded: { ...step, cache: { maxAgeMs: 5 } }, inner: step },
  nodes,
  outputs: { out: ref('each') },
}
const given = (node: string) => ({ out: { digest: node, size: 1 } as unknown as ArtifactRef })
const rerun = (node: string, outputs = async (id: string) => await Promise.resolve(given(id))) =>
  planRerun(plan, node, { run: 'rerun', now: 2, outputs })

describe('a rerun of a node of a recorded run', () => {
  it('has the recorded code, parameters and inputs, and no checkpoint', async () => {
    expect(await rerun('guarded')).toEqual({
      v: 1,
      run: 'rerun',
      env: 'local',
      pipeline: 'small',
      createdAt: 2,
      parent: 'recorded',
      partial: true,
      params: {},
      taints: plan.taints,
      steps: { guarded: { ...step, cache: { never: 'rerun of recorded' } } },
      nodes: {
        load: { ...placed, type: 'given', from: 'recorded', outputs: given('load') },
        guarded: { ...nodes['guarded'], guards: [] },
      },
      outputs: {},
    })
  })

  it('can be a whole `each` with everything inside it', async () => {
    const { nodes: planned } = await rerun('each')
    expect(Object.entries(planned).map(([id, { type }]) => [id, type])).toEqual([
      ['load', 'given'],
      ['guarded', 'given'],
      ['each', 'each'],
      ['inner', 'step'],
    ])
    expect(planned['inner']).toEqual({ ...nodes['inner'], guards: [] })
  })

  it('cannot be a node that computes nothing, or one whose inputs are missing', async () => {
    await expect(rerun('if')).rejects.toThrow('if was not computed in recorded')
    await expect(rerun('nothing')).rejects.toThrow('nothing was not computed in recorded')
    await expect(rerun('inner')).rejects.toThrow('inner is inside each and cannot run alone')
    await expect(rerun('guarded', () => Promise.resolve(undefined as never))).rejects.toThrow(
      'load, which guarded reads, did not complete in recorded',
    )
  })
})
