import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'counter.ts': `const memo = new Map<number, number>()
export const square = (n: number) => { if (!memo.has(n)) memo.set(n, n * n); return memo.get(n)! }
`,
  'items.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
import { square } from './counter.ts'
const Any = json<any>()
const Numbers = z.object({ ns: z.array(z.number()) })
export const load = step('load', { params: Numbers, outputs: { ns: list(Any) }, run: (_, { ns }) => ({ ns }) })
let n = 0
export const count = step('count', {
  inputs: { i: Any },
  outputs: { o: Any },
  run: ({ i }) => ({ o: [i, ++n] }),
})
export const push = step('push', {
  inputs: { i: Any, shared: Any },
  params: z.object({ p: z.array(z.unknown()) }),
  outputs: { o: Any },
  retry: { times: 1, backoff: 1 },
  catch: () => ({ o: 'caught' }),
  run: ({ i, shared }, { p }) => {
    p.push(i)
    shared.push(i)
    if (i === 2 && p.length === 2) throw new Error('twice')
    return { o: [p, shared] }
  },
})
export const share = step('share', { outputs: { shared: Any }, run: () => ({ shared: [] }) })
export const memo = step('memo', { inputs: { i: Any }, outputs: { o: Any }, acknowledge: ['state'], run: ({ i }) => ({ o: square(i) }) })
export const items = pipeline('items', { params: Numbers }, ({ ns }) => {
  const { shared } = share({})
  const { counts, pushed, squares } = each(load({}, { ns }).ns, (i) => ({
    counts: count({ i }).o,
    pushed: push({ i, shared }, { p: [0] }).o,
    squares: memo({ i }).o,
  }))
  return { counts, pushed, squares }
})
`,
})

it('computes an item the same alone, among others and in another order, even if its body changes its inputs', async () => {
  const values = async (ns: string) => {
    const { steps } = await project.run('items', '--set', `ns=${ns}`, '--force', 'push')
    const { items } = JSON.parse(steps['each-ns']!.outputs!['pushed']!.text!) as { items: { text: string }[] }
    return items.map(({ text }) => JSON.parse(text) as unknown)
  }
  const [one, three] = [
    [[0, 1], [1]],
    [[0, 3], [3]],
  ]
  expect(await values('[1,2,3]')).toEqual([one, 'caught', three])
  expect(await values('[3]')).toEqual([three])
  expect(await values('[3,2,1]')).toEqual([three, 'caught', one])
})

it('never reuses a step that changes shared state, unless it acknowledges that, and says where', async () => {
  const { stdout } = await project.cairn('plan', 'items', '--set', 'ns=[1,2,3]')
  expect(stdout).toMatch(
    /count +run .* it changes state that is shared between calls \(n: \+\+n, items\.pipeline\.ts:12\) without acknowledge/,
  )
  expect(stdout).toMatch(/memo +reuse/)
  project.edit('items.pipeline.ts', `acknowledge: ['state'], `, '')
  expect((await project.cairn('plan', 'items', '--set', 'ns=[1,2,3]')).stdout).toMatch(
    /memo +run .* \(memo: memo\.set\(n, n \* n\), counter\.ts:2\)/,
  )
})

it('detects state in a custom kind, in bytes with two views, in an iterator and behind a callback', async () => {
  const hidden = new CliProject({
    'hidden.pipeline.ts': `import { each, list, pipeline, step, type Kind } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
let written = 0
const numbered: Kind<number> = { ...Int, encode: (value, to) => Int.encode(value + written++, to) }
const buffer = new ArrayBuffer(8)
const ids = [10, 20, 30, 40, 50].values()
const listeners: ((n: number) => void)[] = []
let total = 0
listeners.push((n) => { total += n })
export const load = step('load', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 3] }) })
export const kind = step('kind', { inputs: { n: Int }, outputs: { o: numbered }, run: ({ n }) => ({ o: n }) })
export const bytes = step('bytes', { inputs: { n: Int }, outputs: { o: Int }, run: ({ n }) => ({ o: n + new Uint8Array(buffer)[0]++ }) })
export const next = step('next', { inputs: { n: Int }, outputs: { o: Int }, run: ({ n }) => { const [id] = ids.take(1); return { o: n + id! } } })
export const received = step('received', { inputs: { n: Int }, outputs: { o: Int }, run: ({ n }) => { listeners.forEach((receive) => receive(n)); return { o: total } } })
export const local = step('local', { inputs: { n: Int }, outputs: { o: Int }, run: ({ n }) => { const all = [n]; const it = all.values(); return { o: it.next().value! } } })
export const hidden = pipeline('hidden', () => each(load({}).ns, (n) => ({
  a: kind({ n }).o, b: bytes({ n }).o, d: next({ n }).o, e: received({ n }).o, f: local({ n }).o,
})))
`,
  })
  const planned = async () => (await hidden.cairn('plan', 'hidden')).stdout
  await hidden.cairn('run', 'hidden', '--jobs', '1')
  const text = await planned()
  expect(text).toMatch(/kind +run .*\(written: written\+\+, hidden\.pipeline\.ts:5\)/)
  expect(text).toMatch(/bytes +run .*\(buffer: /)
  expect(text).toMatch(/next +run .*\(ids: /)
  expect(text).toMatch(/received +run .*\(total: total \+= n, hidden\.pipeline\.ts:10\)/)
  expect(text).toMatch(/local +reuse/)
})

it('refuses to plan a pipeline that branches on a handle, wherever it does', async () => {
  const branching = new CliProject({
    'choose.ts': `export const choose = (v: unknown, yes: () => any, no: () => any) => (v ? yes() : no())\n`,
    'branch.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { choose } from './choose.ts'
const Flag = json<boolean>()
export const s = step('s', { outputs: { v: Flag }, run: () => ({ v: false }) })
export const yes = step('yes', { outputs: { v: Flag }, run: () => ({ v: true }) })
export const no = step('no', { outputs: { v: Flag }, run: () => ({ v: false }) })
export const branch = pipeline('branch', () => (s({}).v ? yes({}) : no({})))
`,
  })
  const first = await branching.cairn('run', 'branch')
  expect([first.code, first.stderr]).toEqual([
    1,
    expect.stringContaining('branch.pipeline.ts:8:49 s(…).v has no value while the pipeline is being built'),
  ])
  branching.edit('branch.pipeline.ts', '(s({}).v ? yes({}) : no({}))', 'choose(s({}).v, () => yes({}), () => no({}))')
  expect((await branching.cairn('plan', 'branch')).stderr).toContain('choose.ts:1:71 v has no value')
})
