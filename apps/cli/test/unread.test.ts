import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { CliProject, computed } from './project.fixture.ts'

const TOKEN = 'correct-horse-battery'
/** Refuses whoever has not asked for anything yet. */
let answers = false
const server = createServer((request, response) => {
  response.statusCode = answers ? 200 : 403
  response.end(answers && request.method === 'GET' ? '5' : '')
})
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
afterAll(() => server.close())
const { port } = server.address() as AddressInfo

const project = new CliProject({
  'data/here.txt': '1',
  'part.pipeline.ts': `import { readFileSync } from 'node:fs'
import { fromFile, fromUrl } from '@cairn/connectors'
import { pipeline, source, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Text = json<string>()
const reading = (path: string) => ({ text: readFileSync(path, 'utf8') })
export const here = source('here', { reads: { file: fromFile('data/here.txt') }, outputs: { text: Text }, run: ({ file }) => reading(file.path) })
export const gone = source('gone', { reads: { file: fromFile('data/gone.txt') }, outputs: { text: Text }, run: ({ file }) => reading(file.path) })
export const far = source('far', {
  reads: { file: fromUrl('http://user:${TOKEN}@127.0.0.1:${port}/data?token=${TOKEN}') },
  outputs: { text: Text },
  catch: (error) => ({ text: 'instead of ' + error.message }),
  run: ({ file }) => reading(file.path),
})
export const both = step('both', { inputs: { a: Text, b: Text }, outputs: { text: Text }, run: ({ a, b }) => ({ text: a + b }) })
export const alone = step('alone', { inputs: { a: Text }, outputs: { text: Text }, run: ({ a }) => ({ text: 'alone ' + a }) })
export const part = pipeline('part', () => {
  const a = here({}).text
  const { text } = alone({ a })
  both({ a, b: gone({}).text })
  alone({ a: far({}).text }, {}, { as: 'after' })
  return { text }
})
export const nothing = pipeline('nothing', () => alone({ a: gone({}).text }))
`,
})

it('runs steps that do not need an unreadable source, fails the source, and blocks steps that read it', async () => {
  const plan = await project.cairn('plan', 'part')
  expect(plan.stdout).toMatch(/^gone +fails +data\/gone\.txt cannot be read: ENOENT/m)
  expect(plan.stdout).toMatch(/^here +run /m)
  expect(plan.stdout).toMatch(/^both +may run .*input b comes from gone, which fails: data\/gone\.txt cannot be read/m)
  const run = await project.run('part')
  expect(run.status).toBe('failed')
  expect(run.steps['gone']).toMatchObject({ status: 'failed', attempts: 0, error: { code: 'SOURCE_UNREACHABLE' } })
  expect(run.steps['both']).toMatchObject({ status: 'blocked', because: 'gone' })
  expect(run.steps['far']).toMatchObject({ status: 'completed', how: 'caught' })
  expect(run.steps['after']).toMatchObject({ status: 'completed' })
  expect(computed(run)).toEqual(['here', 'alone', 'after'])
  const again = await project.cairn('plan', 'part')
  expect(again.stdout).toMatch(
    /^both +may run +.*input b comes from gone, which fails: data\/gone\.txt cannot be read: ENOENT/m,
  )
  expect(again.stdout).toMatch(/^after +.*input a comes from far, which fails: /m)
  expect((await project.cairn('run', 'part', '--until', 'alone')).code).toBe(0)
  for (const file of project.stored('local/part/runs'))
    expect(project.read(`.cairn/local/part/runs${file}`), file).not.toContain(TOKEN)
})

it('reuses nothing wrongly once the sources can be read', async () => {
  project.write({ 'data/gone.txt': '2' })
  answers = true
  const run = await project.run('part')
  expect(run.status).toBe('completed')
  expect(computed(run)).toEqual(['gone', 'both', 'far', 'after'])
  expect(run.steps['both']!.outputs!['text']!.text).toBe('"12"')
  expect(run.steps['after']!.outputs!['text']!.text).toBe('"alone 5"')
  expect(computed(await project.run('part'))).toEqual([])
})

it('refuses a run if every step needs an unreadable source', async () => {
  const { rmSync } = await import('node:fs')
  rmSync(project.path('data/gone.txt'))
  for (const verb of ['plan', 'run']) {
    const { code, stderr } = await project.cairn(verb, 'nothing')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error {2}data\/gone\.txt cannot be read: ENOENT[^]*\nnext {3}check /)
  }
})
