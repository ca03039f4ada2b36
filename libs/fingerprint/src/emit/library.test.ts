import { cpSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { TemporaryProject } from '../project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

test("a library in the project's source computes the same in a closure as outside", async () => {
  const project = new TemporaryProject(`import { step } from '@cairn/kernel'
import { z } from './zod/index.js'
import * as all from './zod/v4/index.js'
const Flight = z.object({ from: z.string().length(3), delay: z.number().default(0), tags: z.array(z.enum(['a', 'b'])).optional() })
export const main = step('main', { outputs: {}, run: () => [
  Flight.parse({ from: 'AMS', tags: ['b'] }),
  Flight.safeParse({ from: 1, delay: 'x' }).error!.issues,
  all.toJSONSchema(Flight),
] })`)
  const source = dirname(createRequire(import.meta.url).resolve('zod/package.json'))
  cpSync(source, project.path('zod'), { recursive: true, filter: (file) => !/\.(cjs|cts|mts|ts|json)$/.test(file) })
  const closure = await project.closure()
  expect(closure.manifest.declarations.length).toBeGreaterThan(500)
  project.write({
    'emitted.mjs': await closure.emit(),
    'host.ts': `import { main } from './steps.ts'
const { run } = await import('./emitted.mjs')
console.log(JSON.stringify([await main.definition.run(), await run()]))`,
  })
  const [expected, emitted] = JSON.parse(project.node('host.ts'))
  expect(emitted).toEqual(expected)
})
