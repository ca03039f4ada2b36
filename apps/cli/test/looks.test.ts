import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CliProject } from './project.fixture.ts'

const STEPS = `import { step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const outputs = { v: json<boolean>() }
export const first = step('first', { outputs, run: () => ({ v: false }) })
export const yes = step('yes', { outputs, run: () => ({ v: true }) })
export const no = step('no', { outputs, run: () => ({ v: false }) })
export const pick = ({ it }: any) => (it[0] ? yes({}) : no({}))
export const wait = ({ it }: any) => { while (!it[0]) {} return yes({}) }
export const nameOf = ({ it }: any) => (typeof it[0] === 'object' ? 'a' : 'b')`

test('every command refuses a pipeline that inspects a handle, and lint names all pipelines that cannot be planned', async () => {
  const project = new CliProject({
    'steps.ts': STEPS,
    'hidden.pipeline.ts': `import { pipeline } from '@cairn/kernel'
      import { first, pick } from './steps.ts'
      export default pipeline('hidden', () => pick({ it: [first({}).v] }))`,
    'waiting.pipeline.ts': `import { pipeline } from '@cairn/kernel'
      import { first, wait } from './steps.ts'
      export default pipeline('waiting', () => {
        const { v } = first({})
        return wait({ it: [v] })
      })`,
    'named.pipeline.ts': `import { pipeline } from '@cairn/kernel'
      import { first, yes, nameOf } from './steps.ts'
      export default pipeline('named', () => {
        const { v } = first({})
        return yes({}, {}, { as: nameOf({ it: [v] }) })
      })`,
    'plain.pipeline.ts': `import { pipeline } from '@cairn/kernel'
      import { first, yes, no } from './steps.ts'
      export default pipeline('plain', () => first({}).v ? yes({}) : no({}))`,
  })
  for (const command of ['graph', 'plan', 'run', 'why']) {
    const { code, stderr } = await project.cairn(command, 'hidden')
    expect(code).toBe(1)
    expect(stderr).toContain('steps.ts:7 in pipeline hidden, first.v has no value while the pipeline is being built')
  }
  const graph = await project.cairn('graph', 'plain')
  expect(graph.code).toBe(1)
  expect(graph.stderr).toContain('plain.pipeline.ts:3:46 first(…).v has no value while the pipeline is being built')

  const lint = await project.cairn('--json', 'lint')
  expect(lint.code).toBe(1)
  const { faults } = JSON.parse(lint.stdout) as { faults: { message: string }[] }
  expect(faults.map(({ message }) => message.split(' ')[0])).toEqual([
    'steps.ts:7',
    'named.pipeline.ts:5',
    'plain.pipeline.ts:3:46',
    'steps.ts:8',
  ])
  expect(faults[3]!.message).toContain('in pipeline waiting, first.v has no value')

  for (const file of ['waiting', 'named']) rmSync(project.path(`${file}.pipeline.ts`))

  project.edit('steps.ts', 'it[0] ? yes({}) : no({})', 'yes({})')
  project.edit('plain.pipeline.ts', 'first({}).v ? yes({}) : no({})', 'yes({})')
  expect(await project.cairn('lint')).toMatchObject({ code: 0, stdout: 'every pipeline can be planned\n' })

  project.edit('plain.pipeline.ts', '() => yes', "() => (console.log('body of plain'), yes({}))) // ")
  const { stdout, stderr } = await project.cairn('plan', 'plain')
  expect((stdout + stderr).match(/body of plain/g)).toHaveLength(1)
})
