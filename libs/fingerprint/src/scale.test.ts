import { afterAll, expect, test } from 'vitest'
import { Cache } from './cache.ts'
import { cutClosure } from './closure.ts'
import { loadSources } from './closures.ts'
import { rootOf } from './find-steps.ts'
import { TemporaryProject } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

/** A file with many steps. Each has its own function and constant, and all of them fill one table. */
function project(steps: number): TemporaryProject {
  let text = `import { step } from '@cairn/kernel'\nexport const table = new Map<string, number>()\n`
  for (let n = 0; n < steps; n++)
    text += `const k${n} = ${n}
function f${n}(x: number) { return x * k${n} }
table.set('${n}', k${n})
export const s${n} = step('s${n}', { outputs: {}, run: () => f${n}(1) })
`
  return new TemporaryProject(text)
}

/** The CPU time of the closures of all steps, in microseconds. */
async function measure(steps: number): Promise<number> {
  const { root } = project(steps)
  const started = process.cpuUsage()
  const sources = await loadSources(`${root}/steps.ts`, root, new Cache(undefined))
  for (let n = 0; n < steps; n++) {
    const { target } = sources.links.export(sources.entry, `s${n}`)!
    const closure = await cutClosure(rootOf(target, 'body', sources.links), sources, new Cache(undefined))
    expect(closure.manifest.declarations).toHaveLength(3)
  }
  const { user, system } = process.cpuUsage(started)
  return user + system
}

test('ten times as many steps take about ten times as long', async () => {
  await measure(200)
  const [few, many] = [await measure(200), await measure(2_000)]
  expect(many / few).toBeLessThan(40) // quadratic growth would give 100
})
