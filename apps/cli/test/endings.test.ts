import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'ends.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Any = json<any>()
export const timer = step('timer', { outputs: { v: Any }, run: () => {
  setTimeout(() => { throw new Error('in a timer') })
  return new Promise<never>(() => {})
} })
export const floating = step('floating', { outputs: { v: Any }, run: () => {
  void Promise.reject(new Error('not awaited'))
  return new Promise<never>(() => {})
} })
export const leaves = step('leaves', { outputs: { v: Any }, run: () => {
  process.exit(0)
} })
export const circle = step('circle', { outputs: { v: Any }, run: () => {
  const tree: any = { left: [{ leaf: 1 }] }
  tree.left[0].parent = tree
  return { v: tree }
} })
export const hidden = step('hidden', { secrets: ['TOKEN'], outputs: { v: Any }, catch: () => ({ v: 0 }), run: () => ({ v: 1 }) })
export const small = step('small', { outputs: { v: Any }, run: () => ({ v: Array.from({ length: 40 }, (_, n) => n) }) })
export const ends = pipeline('ends', () => [timer({}), floating({}), leaves({}), circle({}), hidden({})].map(() => 0) && small({}))
`,
  'wired.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
export const s = step('s', { params: z.object({ a: z.number().default(1) }), outputs: { v: json() }, run: () => ({ v: 1 }) })
export const wired = pipeline('wired', () =>
  s({}, { c: 1 } as never))
`,
})

it('prints an uncaught error once, with the stack frames of the project', async () => {
  const { stderr, stdout } = await project.cairn('run', 'ends', '--progress', 'none')
  const text = stdout + stderr
  const next = 'next  await each promise, and catch errors in callbacks of timers and events'
  expect(text).toContain(`✘ timer  an uncaught error ended the process that ran timer: in a timer\n  ${next}`)
  expect(text).toMatch(/ended the process that ran floating: not awaited\n[^✘]*at Object\.run \(ends\.pipeline\.ts:9:/)
  expect(text).not.toMatch(/Node\.js v|libs\/|dist\/|node:internal/)
  expect(text).toMatch(
    /ran leaves exited with code 0\n +next +return the result of the step[^✘]*ends\.pipeline\.ts:13:/,
  )
  expect(text).toMatch(
    /"v" of circle: value\.left\[0\]\.parent refers back to value, so the value has a cycle\n +next +return a value without cycles/,
  )
  expect(text).toContain('✘ hidden  hidden needs the secret TOKEN, which is not set\n')
  expect(text).not.toContain('its catch also failed')
  const shown = await project.cairn('show', 'ends/latest/small')
  expect(shown.stdout).toMatch(/output v +[0-9a-f]{64} {2}111 B$/m)
})

it('names the file and line that wire a parameter which the step does not have', async () => {
  project.write({ 'package.json': '{ "type": "module", "cairn": { "pipelines": ["wired.ts"] } }' })
  const { code, stderr } = await project.cairn('plan')
  expect([code, stderr]).toEqual([1, 'error  wired.ts:6 s has no parameter "c"\nnext   did you mean "a"?\n'])
})
