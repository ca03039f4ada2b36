import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { each, when, list, pipeline, source, step, type Pipeline, type Step } from '@cairn/kernel'
import { sha256 } from '@cairn/records'
import { trialHost, type TrialHost } from '@cairn/engine/simulation/trial'
import { json } from '@cairn/engine/simulation/pipelines'

const int = json<number>()
const bool = json<boolean>()
let outside = { version: 'v1', value: 10 }
const load = source('load', {
  reads: { data: { name: 'the outside', version: () => outside.version, open: () => outside.value } },
  params: z.object({ year: z.number().default(2001) }),
  outputs: { n: int },
  run: ({ data }, { year }) => ({ n: data + year }),
})
const scale = step('scale', {
  inputs: { n: int },
  params: z.object({ by: z.number().default(2), note: z.string().optional() }),
  outputs: { n: int },
  run: ({ n }, { by }) => ({ n: n * by }),
})
const isBig = step('is-big', { inputs: { n: int }, outputs: { big: bool }, run: ({ n }) => ({ big: n > 1000 }) })
const spread = step('spread', {
  inputs: { n: int },
  params: z.object({ count: z.number().default(3) }),
  outputs: { items: list(int) },
  run: ({ n }, { count }) => ({ items: Array.from({ length: count }, (_, index) => n + index) }),
})
const total = step('total', {
  inputs: { items: list(int) },
  outputs: { n: int },
  run: async ({ items }) => ({ n: (await items.all()).reduce((a, b) => a + b, 0) }),
})

const chain = pipeline('chain', { params: z.object({ year: z.number().default(2001) }) }, ({ year }) => {
  const { n } = load({}, { year })
  const scaled = scale({ n })
  const last = scale(scaled, { by: 1 }, { as: 'finish' })
  return last
})

describe('a plan', () => {
  let host: TrialHost
  beforeEach(() => {
    outside = { version: 'v1', value: 10 }
    host = trialHost()
  })
  const dryRunOf = async (of: Pipeline, request = {}) =>
    Object.fromEntries(
      (await host.plan(of, request)).nodes.map(({ node, reuse, run, depends }) => [
        node,
        depends ? 'may run' : run > 0 ? `run ${run}` : `reuse ${reuse}`,
      ]),
    )
  const reasons = async (of: Pipeline, node: string, request = {}) => (await host.plan(of, request)).reasons(node)

  it('fills parameters from defaults, wiring and settings, in that order', async () => {
    const { plan } = await host.plan(chain, { settings: { year: 2005, 'finish.by': 7 } })
    expect(plan.params).toEqual({ year: 2005 })
    expect(plan.nodes['load']).toMatchObject({ params: { year: 2005 }, versions: { data: 'v1' } })
    expect(plan.nodes['scale']).toMatchObject({ params: { by: 2 } })
    expect(plan.nodes['finish']).toMatchObject({ params: { by: 7 } })
  })

  it.each([
    [{ 'scale.bye': 1 }, 'scale has no parameter "bye"', 'did you mean "by"?'],
    [{ 'sclae.by': 1 }, 'chain has no step "sclae"', 'did you mean "scale"?'],
    [{ yaer: 1 }, 'chain has no parameter "yaer"', 'did you mean "year"?'],
    [
      { 'scale.by': 'two' },
      'invalid parameters of scale: by: Invalid input: expected number, received string (it is "two")',
      'set a valid value: --set scale.by=…',
    ],
    [
      { 'scale.by': NaN },
      'invalid parameters of scale: by: Invalid input: expected number, received NaN (it is NaN)',
      'set a valid value: --set scale.by=…',
    ],
  ])('refuses %j with what is wrong and the nearest name', async (settings, message, next) => {
    await expect(host.plan(chain, { settings })).rejects.toMatchObject({ message, next })
  })

  it('plans to run everything at first and to reuse it after', async () => {
    expect(await dryRunOf(chain)).toEqual({ load: 'run 1', scale: 'may run', finish: 'may run' })
    expect(await reasons(chain, 'load')).toEqual([{ because: 'new' }])
    await host.run(chain)
    expect(await dryRunOf(chain)).toEqual({ load: 'reuse 1', scale: 'reuse 1', finish: 'reuse 1' })
  })

  it('plans to run the reader of a changed parameter and later steps, and the run does exactly that', async () => {
    await host.run(chain)
    const settings = { 'scale.by': 3 }
    expect(await dryRunOf(chain, { settings })).toEqual({ load: 'reuse 1', scale: 'run 1', finish: 'may run' })
    expect(await reasons(chain, 'scale', { settings })).toEqual([
      { because: 'parameter', name: 'by', before: 2, after: 3 },
    ])
    expect(await reasons(chain, 'finish', { settings })).toEqual([
      { because: 'input', input: 'n', from: 'scale', certain: false },
    ])
    expect(await host.run(chain, { settings })).toMatchObject({ load: 'reused', scale: 'computed', finish: 'computed' })
  })

  it('stops recomputing where an output stays the same', async () => {
    const settled = pipeline('settled', () => {
      const { n } = load({})
      const { big } = isBig({ n })
      return when(
        big,
        () => scale({ n: n }, {}, { as: 'large' }),
        () => scale({ n: n }, {}, { as: 'small' }),
      )
    })
    await host.run(settled)
    outside = { version: 'v2', value: 11 }
    expect(await dryRunOf(settled)).toMatchObject({ load: 'run 1', 'is-big': 'may run' })
    expect(await reasons(settled, 'load')).toEqual([{ because: 'source', name: 'data', before: 'v1', after: 'v2' }])
    outside = { version: 'v3', value: 10 } // another version of the same content
    expect(await host.run(settled)).toMatchObject({
      load: 'computed',
      'is-big': 'reused',
      large: 'reused',
      small: 'skipped',
    })
  })

  it('plans inside an each item by item', async () => {
    const mapped = pipeline('mapped', () => {
      const { items } = spread(load({}))
      const { n } = each(items, (n) => scale({ n }), { batch: 2 })
      return total({ items: n })
    })
    expect(await dryRunOf(mapped)).toEqual({
      load: 'run 1',
      spread: 'may run',
      'each-items': 'may run',
      scale: 'may run',
      total: 'may run',
    })
    await host.run(mapped)
    expect(await dryRunOf(mapped)).toMatchObject({ scale: 'reuse 3', total: 'reuse 1' })
    expect(await dryRunOf(mapped, { settings: { 'scale.by': 5 } })).toMatchObject({
      scale: 'run 3',
      'each-items': 'may run',
      total: 'may run',
    })
    await host.run(mapped, { settings: { 'spread.count': 5 } })
    expect(host.computed('scale')).toBe(5)
    expect(await dryRunOf(mapped, { settings: { 'spread.count': 5 } })).toMatchObject({
      scale: 'reuse 5',
      total: 'reuse 1',
    })
  })

  it('does not treat an unknown item as failed', async () => {
    const lenient = pipeline('lenient', () => {
      const { items } = spread(load({}))
      const { n } = each(items, (n) => scale({ n }), { tolerate: { share: 1 } })
      return total({ items: n })
    })
    await host.run(lenient)
    expect(await dryRunOf(lenient, { settings: { 'scale.by': 9 } })).toMatchObject({
      'each-items': 'may run',
      total: 'may run',
    })
  })

  it('runs only as far as asked', async () => {
    expect(await host.run(chain, { until: ['scale'] })).toEqual({ load: 'computed', scale: 'computed' })
  })

  it('starts in the middle with the outputs of another run', async () => {
    await host.run(chain, { settings: { 'scale.by': 4 } })
    const base = host.base('run-1')
    const { plan } = await host.plan(chain, { from: ['finish'], base })
    expect(plan.nodes['scale']).toMatchObject({
      type: 'given',
      from: 'run-1',
      outputs: { n: { text: String((10 + 2001) * 4) } },
    })
    expect(plan.nodes['load']).toBeUndefined()
    expect(await host.run(chain, { from: ['finish'], settings: { 'finish.by': 10 }, base })).toEqual({
      finish: 'computed',
    })
  })

  it('uses an override as the output of a step, skips steps that only it would read, and is tainted', async () => {
    await host.run(chain)
    const taints = [{ node: 'scale', output: 'n', how: 'set by hand' }]
    const overrides = new Map([['scale', { outputs: { n: { digest: sha256('7'), size: 1, text: '7' } }, taints }]])
    const { plan } = await host.plan(chain, { overrides })
    expect(plan.taints).toEqual(taints)
    expect(plan.nodes).toMatchObject({ scale: { type: 'given', outputs: { n: { text: '7' } } }, finish: {} })
    expect(plan.nodes['load']).toBeUndefined()
    expect(await host.run(chain, { overrides })).toEqual({ finish: 'computed' })

    const base = { ...host.base('run-1'), taints }
    expect((await host.plan(chain, { from: ['finish'], base })).plan.taints).toEqual(taints)
    expect((await host.plan(chain, { base })).plan.taints).toBeUndefined() // all of it is computed, or of clean checkpoints
  })

  it('treats an each as done if its results are overridden', async () => {
    const mapped = pipeline('mapped', () => {
      const { items } = spread(load({}))
      return each(items, (n) => scale({ n }))
    })
    expect(Object.keys((await host.plan(mapped)).plan.nodes)).toEqual(['load', 'spread', 'each-items', 'scale'])
    const items = { digest: sha256('[]'), size: 2, text: '[]', items: 0 }
    const list = new Map([['spread', { outputs: { items }, taints: [] }]])
    expect(Object.keys((await host.plan(mapped, { overrides: list })).plan.nodes)).toEqual([
      'spread',
      'each-items',
      'scale',
    ])
    const summed = pipeline('summed', () => total({ items: each(spread(load({})).items, (n) => scale({ n })).n }))
    const overrides = new Map([['each-items', { outputs: { n: items }, taints: [] }]])
    expect(Object.keys((await host.plan(summed, { overrides })).plan.nodes)).toEqual(['each-items', 'total'])
  })

  it('keeps the source versions of its pinned run, if code and parameters are the same', async () => {
    await host.run(chain)
    const { plan: pinned } = await host.plan(chain)
    outside = { version: 'v2', value: 11 }
    expect((await host.plan(chain)).plan.nodes['load']).toMatchObject({ versions: { data: 'v2' } })
    expect((await host.plan(chain, { pinned })).plan.nodes['load']).toMatchObject({ versions: { data: 'v1' } })
    expect(await dryRunOf(chain, { pinned })).toEqual({ load: 'reuse 1', scale: 'reuse 1', finish: 'reuse 1' })
    const settings = { year: 2002 }
    expect((await host.plan(chain, { pinned, settings })).plan.nodes['load']).toMatchObject({
      versions: { data: 'v2' },
    })
  })

  it('records what was set by hand', async () => {
    expect((await host.plan(chain)).plan.settings).toBeUndefined()
    const settings = { year: 2002, 'scale.by': 5 }
    expect((await host.plan(chain, { settings })).plan.settings).toEqual(settings)
  })

  it('says what is missing to start in the middle', async () => {
    await expect(host.plan(chain, { from: ['finish'] })).rejects.toMatchObject({
      message: 'scale is not selected to run, so its outputs must come from another run',
      next: 'choose the run: --base <run>',
    })
    await expect(host.plan(chain, { from: ['finsh'] })).rejects.toMatchObject({
      message: 'chain has no step "finsh"',
      next: 'did you mean "finish"?',
    })
    await host.run(chain, { until: ['load'] })
    await expect(host.plan(chain, { from: ['finish'], base: host.base('run-1') })).rejects.toThrow(
      /run run-1 has no outputs of scale to use/,
    )
  })

  it('selects the enclosing each or pipeline of a step', async () => {
    const mapped = pipeline('mapped', () => {
      const { items } = spread(load({}))
      const { n } = each(items, (n) => scale({ n }))
      return total({ items: n })
    })
    await host.run(mapped)
    const { plan } = await host.plan(mapped, { from: ['scale'], base: host.base('run-1') })
    expect(Object.entries(plan.nodes).map(([id, { type }]) => `${id} ${type}`)).toEqual([
      'spread given',
      'each-items each',
      'scale step',
      'total step',
    ])
  })

  it('recomputes a forced step despite its checkpoint, and keeps the newest', async () => {
    await host.run(chain)
    expect(await host.run(chain, { force: ['scale'] })).toEqual({ load: 'reused', scale: 'computed', finish: 'reused' })
    expect(host.checkpoints('scale').map(({ generation }) => generation)).toContain(1)
  })

  it('never reuses uncached steps, and reuses others up to their maximum age', async () => {
    let rolls = 0
    const dice = step('dice', { outputs: { n: int }, cache: 'never', run: () => ({ n: ++rolls }) })
    const weather = step('weather', { outputs: { n: int }, cache: { maxAge: '1h' }, run: () => ({ n: ++rolls }) })
    const both = pipeline('both', () => ({ dice: dice({}).n, weather: weather({}).n }))
    await host.run(both)
    expect(await host.run(both)).toEqual({ dice: 'computed', weather: 'reused' })
    host.clock.later += 3_600_001
    expect(await reasons(both, 'weather')).toEqual([{ because: 'expired' }])
    expect(await host.run(both)).toEqual({ dice: 'computed', weather: 'computed' })
    expect(await host.run(both)).toEqual({ dice: 'computed', weather: 'reused' })
  })

  it('fails a source that changed between the plan and the run', async () => {
    outside = { version: 'v1', value: 1 }
    const planned = await host.plan(chain)
    outside = { version: 'v2', value: 2 }
    expect(await host.drive(planned.plan, chain)).toMatchObject({ load: 'failed', scale: 'blocked' })
  })

  it('does not wait forever for a source', async () => {
    const mute: Step = source('mute', {
      reads: { data: { name: 'a mute server', version: () => new Promise<string>(() => {}), open: () => 1 } },
      outputs: { n: int },
      run: () => ({ n: 1 }),
    })
    const waiting = pipeline('waiting', () => mute({}))
    const { plan } = await host.plan(waiting, {}, { deadlineMs: 30 })
    expect(plan.nodes['mute']).toMatchObject({
      unread: { message: 'the version of a mute server (source mute) could not be read within 0.03 s' },
    })
  })
})
