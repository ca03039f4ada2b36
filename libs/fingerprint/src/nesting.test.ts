import { afterAll, expect, test } from 'vitest'
import { Cache } from './cache.ts'
import { loadSources } from './closures.ts'
import { TemporaryProject } from './project.fixture.ts'

// In a separate file, because Node's type stripping no longer works in a process whose stack has overflowed.
afterAll(() => TemporaryProject.removeAll())

test.each([
  ['powers', (depth: number) => `${'1 ** '.repeat(depth)}1`],
  ['functions', (depth: number) => `${'() => '.repeat(depth)}1`],
  ['choices', (depth: number) => `${'1 ? 1 : '.repeat(depth)}1`],
])('deeply nested %s are extracted or refused', async (_, written) => {
  for (const depth of [800, 2_500, 60_000]) {
    const text = `import { step } from '@cairn/kernel'\nconst deep = ${written(depth)}\nexport const main = step('main', { outputs: {}, run: () => deep })`
    const project = new TemporaryProject(text)
    const { analysis } = (await loadSources(project.path('steps.ts'), project.root, new Cache(undefined))).entry
    if (analysis.fault) expect(analysis.fault.message).toBe('is nested too deeply')
    else {
      const closure = await project.closure()
      const emitted = await closure.emit().catch((error: Error) => error.message)
      expect(emitted).toMatch(/is nested too deeply|sourceMappingURL/)
    }
  }
})
