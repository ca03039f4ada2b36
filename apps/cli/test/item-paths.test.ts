import { beforeAll, describe, expect, it } from 'vitest'
import { CliProject, type RunSummary } from './project.fixture.ts'

// LAX fails and is left out; lists inside are mapped over, too.
const PIPELINE = `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, partitions, table } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
const Rows = table({ airport: 'string', n: 'int32' })
export const load = step('load', {
  params: z.object({ more: z.number().default(0) }),
  outputs: { parts: partitions(Rows, 'airport') },
  run: (_, { more }) => ({
    parts: ['AAA', 'ATL', 'JFK', 'LAX', 'S/E/A'].map((airport, n) => ({ airport, n: n === 4 ? n + more : n })),
  }),
})
export const score = step('score', {
  inputs: { part: Rows },
  outputs: { n: Int, twice: Int },
  run: async ({ part }) => {
    const [{ airport, n }] = await Array.fromAsync(part.rows())
    console.log('scoring ' + airport)
    if (airport === 'LAX') throw new Error('no LAX')
    return { n, twice: 2 * n }
  },
})
export const split = step('split', {
  inputs: { n: Int },
  outputs: { all: list(Int) },
  run: ({ n }) => ({ all: Array.from({ length: n }, (_, at) => at) }),
})
export const tiny = step('tiny', {
  inputs: { m: Int },
  outputs: { m: Int },
  catch: () => ({ m: -1 }),
  run: ({ m }) => {
    console.log('tiny ' + m)
    if (m === 2) throw new Error('two')
    return { m: m * 10 }
  },
})
export const count = step('count', { inputs: { ms: list(list(Int)) }, outputs: { n: Int }, run: ({ ms }) => ({ n: ms.length }) })
export const airports = pipeline('airports', () =>
  count(
    each(
      load({}).parts,
      (part) => {
        const { n } = score({ part })
        return { ms: each(split({ n }).all, (m) => tiny({ m }), { batch: 2 }).m }
      },
      { batch: 2, tolerate: { items: 1 } },
    ),
  ),
)
`

describe('items of an each', () => {
  const project = new CliProject({ 'airports.pipeline.ts': PIPELINE })
  let first: RunSummary
  beforeAll(async () => {
    first = await project.run('airports', '--jobs', '1')
  }, 60_000)
  const said = async (...args: string[]) => {
    const { stdout, stderr } = await project.cairn(...args)
    return stdout + stderr
  }

  it('are counted by step and in total: reused, failed and caught', async () => {
    expect(first.status).toBe('completed')
    expect(first.steps['score']).toEqual({ items: { ...none, computed: 4, failed: 1 } })
    expect(first.steps['split']).toEqual({ items: { ...none, computed: 4, blocked: 1 } })
    // Items with one input are computed once; those of another batch find its checkpoint.
    const { computed, reused, caught } = first.steps['tiny']!.items!
    expect([computed! + reused!, caught]).toEqual([6, 1])

    await project.run('airports', '--set', 'load.more=1')
    const shown = await said('show', 'airports/latest')
    expect(shown).toMatch(/✘ +score +1 computed, 3 reused, 1 failed/)
    expect(shown).toMatch(/⚑ +tiny +1 computed, 6 reused, 1 caught/)
    const [run] = JSON.parse(await said('--json', 'runs')) as [object]
    expect(run).toMatchObject({ computed: 5, reused: 12, caught: 1, failed: 1 })
    expect(await said('runs')).toMatch(/computed +reused +caught +failed/)
  })

  it('are shown, printed and logged by index or by label', async () => {
    const at = `airports/${first.run}`
    const list = await said('show', `${at}/score`)
    expect(list).toMatch(/✘ +3 +LAX +failed +no LAX\n✔ +0 +AAA +computed/)
    expect(list).toContain(`cairn show ${at}/score/3`)
    for (const name of ['4', 'S/E/A', '#4']) {
      expect(await said('show', `${at}/score/${name}`), name).toMatch(/label +S\/E\/A\nstatus +completed \(computed\)/)
      expect(await said('cat', `${at}/score/${name}/twice`), name).toBe('8\n')
      expect(await said('logs', `${at}/score/${name}`), name).toBe('scoring S/E/A\n')
    }
    expect(await said('show', `${at}/score/LAX`)).toMatch(/status +failed[^]*error +no LAX/)
    for (const name of ['4.3', '4/3', 'S/E/A/3']) expect(await said('cat', `${at}/tiny/${name}`), name).toBe('30\n')
    expect(await said('logs', `${at}/tiny`)).toContain('tiny/4.3 | tiny 3')
    const json = JSON.parse(await said('--json', 'show', `${at}/tiny/S/E/A/2`)) as object
    expect(json).toMatchObject({
      item: { item: '4.2', indices: [4, 2], labels: ['S/E/A', null] },
      outcome: { status: 'completed', how: 'caught' },
    })
    // Its own number, though item 3 failed and is not in the list.
    expect(await said('cat', `${at}/each-parts/ms`)).toMatch(/\n +4 +S\/E\/A +\d+ +\[0,10,-1,30\]/)
    for (const list of ['each-parts/ms/4/3', 'each-parts/ms/S/E/A/3'])
      expect(await said('cat', `${at}/${list}`), list).toBe('30\n')
    expect(await said('cat', `${at}/split/S/E/A/all/2`)).toBe('2\n')
    expect(await said('cat', `${at}/load/parts/LAX`)).toMatch(/\nLAX +3\n/)
    expect(await said('show', `${at}/load/parts/3`)).toMatch(/load\/parts\/3\ndigest +\w{64}\n[^]*columns/)
    for (const [path, refused] of [
      ['each-parts/ms/3', 'has no item "3"'],
      ['each-parts/ms/LAX', 'has no item "LAX"'],
      ['count/n/0', 'count/n is not a list, so it has no item "0"'],
    ])
      expect(await said('cat', `${at}/${path}`), path).toContain(refused)
  })

  it('are reused, or computed for a reason given for the item', async () => {
    const why = async (...args: string[]) => said('why', 'airports', ...args)
    const edited = ['--base', first.run, '--set', 'load.more=2']
    expect(await why(...edited, 'score/ATL')).toMatch(
      /^score\/ATL +MISS +input part may change \(load\)\n +its items are not known before the run$/m,
    )
    await project.run('airports', '--set', 'load.more=2', '--until', 'load')
    for (const name of ['ATL', '#1'])
      expect(await why(...edited, `score/${name}`), name).toMatch(/^score\/1 +HIT +computed /)
    // By label: its row is another one than in the run before.
    expect(await why(...edited, 'score/S/E/A')).toBe('score/4  MISS  input part changed (item 4 of load)\n')
    expect(await why(...edited, 'score/LAX')).toBe('score/3  MISS  it failed in the previous run\n')
    expect(await why(...edited, 'split/JFK')).toMatch(/^split\/2 +HIT/)
    expect(await why(...edited, 'split/4')).toBe('split/4  MISS  input n may change (score)\n')
    expect(await why(...edited, 'tiny/4.0')).toContain('has no item "4.0" (some items are not known before the run)')
    expect(await said('plan', 'airports', ...edited)).toMatch(/tiny +may run .*input m may change \(split\)/)
    expect(await why('--base', first.run, 'tiny/JFK/1')).toMatch(/^tiny\/2\.1 +HIT/)
    const caught = 'it failed in the previous run; results of a catch are not kept'
    expect(await why('--base', first.run, 'tiny/S/E/A/2')).toBe(`tiny/4.2  MISS  ${caught}\n`)
    expect(await why(...edited, 'score/ALT')).toMatch(/has no item "ALT"\nnext +did you mean "ATL"/)
    expect(await why('load/0')).toContain('load is not inside an each: it has no item "0"')
    const [line] = JSON.parse(await said('--json', 'why', 'airports', ...edited, 'score/S/E/A')) as [object]
    expect(line).toMatchObject({
      node: 'score/4',
      decision: 'run',
      item: { item: '4', indices: [4], labels: ['S/E/A'] },
    })
    expect((await said('complete', '--', 'why', 'airports', 'score/')).trim().split('\n')).toContain('score/3')

    project.edit('airports.pipeline.ts', '{ n, twice: 2 * n }', '{ n, twice: 3 * n }')
    expect(await why('--base', first.run, 'score/ATL')).toMatch(
      /^score\/1 +MISS +score in airports\.pipeline\.ts changed/,
    )
    project.edit('airports.pipeline.ts', '{ n, twice: 3 * n }', '{ n, twice: 2 * n }')
    project.edit('airports.pipeline.ts', "'JFK', 'LAX'", "'JFK', 'NEW', 'LAX'")
    await project.run('airports', '--until', 'load')
    expect(await why('--base', first.run, 'score/NEW')).toMatch(
      /^score\/4 +MISS +the previous run did not have this item$/m,
    )
    expect(await why('--base', first.run, 'score/JFK')).toMatch(/^score\/2 +HIT/)
    project.edit('airports.pipeline.ts', "'JFK', 'NEW', 'LAX'", "'JFK', 'LAX'")
  })

  it('are shown in explore, too', async () => {
    const lines = [
      '.show each-parts/ms/4/3',
      '.show score/LAX',
      '.show score/ATL/twice',
      '.show tiny/4.3',
      '.show score/XYZ',
    ]
    const { stdout, stderr } = await project.cairnTyping(lines, 'explore', 'airports', '--base', first.run)
    expect(stdout).toContain(`score/1/twice of ${first.run}\n2\n`)
    expect(stdout).toContain(`tiny/4.3/m of ${first.run}\n30\n`)
    expect(stdout).toContain(`each-parts/ms/4/3 of ${first.run}\n30\n`)
    expect(stderr).toContain('item 3 ("LAX") of score')
    expect(stderr).toContain('has no item "XYZ"')
  })

  it('are refused by name if they do not exist', async () => {
    const at = `airports/${first.run}/score`
    expect(await said('cat', `${at}/#0/n`)).toBe('0\n')
    expect(await said('show', `${at}/ALT`)).toMatch(
      /has no item "ALT"\nnext +did you mean "ATL"\?; or by index: 0 to 4/,
    )
    expect(await said('cat', `${at}/JFK/m`)).toContain('item 2 ("JFK") of')
    expect(await said('cat', at)).toContain('score runs once for each item of each-parts')
    expect(await said('cat', `${at}/LAX/n`)).toContain('item 3 ("LAX") of score failed in run')
    const offered = await said('complete', '--', 'cat', `${at}/`)
    expect(offered.trim().split('\n')).toEqual([0, 1, 2, 3, 4].map((index) => `${at}/${index}`))
    expect((await said('complete', '--', 'logs', `${at}/4/t`)).trim()).toBe(`${at}/4/twice`)
    expect(await said('show', `airports/${first.run}/count/3`)).toContain('has no output "3"')
    const diff = await said('diff', `airports/${first.run}`, `airports/${first.run}`, '--of', 'load/parts/3')
    expect(diff).toContain('"load/parts/3" is not an output of a step')
  })
})

const none = {
  ...{ computed: 0, reused: 0, joined: 0, caught: 0, failed: 0 },
  ...{ 'timed-out': 0, cancelled: 0, skipped: 0, blocked: 0 },
}
