import { expect, test } from 'vitest'
import { CliProject } from './project.fixture.ts'

/** Ways in which a body changes what other calls see, none of which it calls by name. */
const BODIES = {
  spread: '({ ...ids }).next',
  text: 'Number(`${words}`)',
  awaited: 'await later',
  trap: "'x' in counted ? n : 0",
  buffer: 'bytes.readInt8(bytes.swap16() && 0)',
  later: 'ticks > 1',
}

test('a step that changes state without a call is computed every time, and the plan names what it changes', async () => {
  const steps = Object.entries(BODIES).map(
    ([name, value]) =>
      `export const ${name}Step = step('${name}', { outputs: { v: json<any>() }, run: async () => ({ v: ${value} }) })`,
  )
  const project = new CliProject({
    'state.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
let n = 0, ticks = 0
const ids = { get next() { return ++n } }
const words = { toString: () => String(++n) }
const later = { then(give: (n: number) => void) { give(++n) } }
const counted = new Proxy({}, { has: () => ++n > 0 })
const bytes = Buffer.from([1, 2])
setTimeout(() => { ticks++ }, 1)
${steps.join('\n')}
export default pipeline('state', () => ({ ${Object.keys(BODIES)
      .map((name) => `${name}: ${name}Step({}).v`)
      .join(', ')} }))
`,
  })
  for (let time = 0; time < 2; time++) {
    const { status, steps: done } = await project.run('state')
    expect(status).toBe('completed')
    expect(Object.fromEntries(Object.entries(done).map(([name, { how }]) => [name, how]))).toEqual(
      Object.fromEntries(Object.keys(BODIES).map((name) => [name, 'computed'])),
    )
  }
  const { stdout } = await project.cairn('plan', 'state')
  expect(stdout.match(/changes state/g)).toHaveLength(Object.keys(BODIES).length)
})

test('a change that a getter makes while a module loads is preserved, and an edit of it changes the key', async () => {
  const project = new CliProject({
    'loads.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
let n = 0
const ids = { get next() { return ++n } }
const first = ids.next
const second = ids.next
export const main = step('main', { outputs: { v: json<number>() }, run: () => ({ v: second }) })
export default pipeline('loads', () => main({}))
`,
  })
  const value = async () => (await project.run('loads')).steps['main']!
  expect((await value()).outputs!['v']!.text).toBe('2')
  project.edit('loads.pipeline.ts', 'const first = ids.next\n', '')
  expect(await value()).toMatchObject({ how: 'computed', outputs: { v: { text: '1' } } })
})
