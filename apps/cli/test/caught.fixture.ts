import { expect } from 'vitest'
import type { CliProject, Files } from './project.fixture.ts'

export const SECRET = 'open sesame/7'

/** One step that is caught after three attempts, and one that is caught for two of its three items, which share a key. */
export const CAUGHT: Files = {
  'caught.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const flaky = step('flaky', {
  outputs: { n: Int },
  secrets: ['TOKEN'],
  retry: { times: 2, backoff: '1ms' },
  catch: () => ({ n: -1 }),
  run: (_, __, { secrets }): { n: number } => {
    throw new RangeError('no answer', { cause: new Error('for ' + encodeURIComponent(secrets.TOKEN)) })
  },
})
export const load = step('load', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 2] }) })
export const score = step('score', {
  inputs: { n: Int },
  outputs: { n: Int },
  retry: { times: 1, backoff: '1ms' },
  catch: ({ message }) => ({ n: -message.length }),
  run: ({ n }) => {
    if (n === 2) throw new Error('two')
    return { n }
  },
})
export const caught = pipeline('caught', () => {
  flaky({})
  return each(load({}).ns, (n) => score({ n }))
})
`,
}

/** Runs it, and looks at the reason wherever people and programs look. */
export async function looksAtCaught(project: CliProject, ...on: string[]): Promise<void> {
  const { code, stdout, stderr } = await project.cairn('run', 'caught', ...on, '--progress', 'plain')
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(/^⚑ flaky {2}caught.*: no answer: for \*\*\*$/m)
  expect(stdout).toMatch(
    /^⚑ flaky {2}caught: RangeError: no answer\n +at .*caught\.pipeline\.ts:10.*\n +caused by {2}for \*\*\*$/m,
  )
  expect(stdout).toMatch(/^⚑ score\/1 {2}caught: two\n.*\n {2}and 1 more: cairn show .*caught\/\S+\/score$/m)
  const run = /completed {2}(caught\/\S+)/.exec(stdout)![1]!
  const shown = async (path: string) => (await project.cairn('show', path, ...on)).stdout
  expect(await shown(`${run}/flaky`)).toMatch(
    /status +completed \(caught\) after 3 attempts\n[^]*^attempt 1 {2}RangeError[^]*^attempt 2 {2}RangeError[^]*^caught {2}RangeError: no answer\n[^]*caused by {2}for \*\*\*/m,
  )
  expect(await shown(`${run}/score`)).toMatch(
    /1 computed, 2 caught\n[^]*⚑ +1 +caught +n: -3 {2}caught: two\n⚑ +2 +caught +n: -3 {2}caught: two\n✔ +0/,
  )
  expect(await shown(`${run}/score/1`)).toMatch(/\(caught\) after 2 attempts[^]*^attempt 1 {2}two[^]*^caught {2}two/m)
  expect(await shown(`${run}/score/0`)).not.toMatch(/attempt|two/)
  const logs = await project.cairn('logs', run, ...on)
  expect(logs.stderr).toMatch(/^flaky caught: no answer: for \*\*\*$/m)
  expect(logs.stderr).toMatch(/^score\/1 caught: two\nscore\/2 caught: two$/m)
  const { steps } = await project.run('caught', ...on)
  const reason = { name: 'RangeError', message: 'no answer', cause: { message: 'for ***' } }
  expect(steps['flaky']).toMatchObject({
    how: 'caught',
    attempts: 3,
    caught: reason,
    failures: [
      { ...reason, attempt: 1 },
      { ...reason, attempt: 2 },
    ],
  })
  expect(steps['score']).toMatchObject({ items: { caught: 2 }, caught: { item: '1', error: { message: 'two' } } })
}
