import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { edited, effectProgram, namesAfter, writeEffects } from './effects.fixture.ts'
import { neighbours } from './edits.fixture.ts'
import { pureProgram, statefulProgram, style, write } from './program.fixture.ts'
import { TemporaryProject, type Files } from './project.fixture.ts'

vi.setConfig({ testTimeout: 1_800_000 })
afterEach(() => TemporaryProject.removeAll())

/** Edits for each of the two properties; all of them with CAIRN_EDITS=2000. */
const EDITS = Number(process.env.CAIRN_EDITS ?? 100)

/** Remembers by fingerprint, as checkpoints do, over all edits. */
class Checkpoints {
  readonly #kept = new Map<string, string>()
  reused = 0

  async run(project: TemporaryProject): Promise<string> {
    const key = await project.fingerprint()
    const kept = this.#kept.get(key)
    if (kept !== undefined) this.reused++
    const value = kept ?? (await resultOf(async () => (await project.emitted()).run()))
    this.#kept.set(key, value)
    return value
  }
}

async function resultOf(run: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await run())
  } catch (error) {
    return `throws ${(error as Error).name}`
  }
}
const uncached = (project: TemporaryProject) =>
  resultOf(async () => (await project.import('steps.ts')).main.definition.run())

/** A package whose code is a number, under a name that all projects share, and a file beside the step that holds one. */
const packaged = (files: Files, value: number, beside: number): Files => ({
  ...files,
  'steps.ts': `import { value as fromPackage } from 'packaged'\nimport { readFileSync as read } from 'node:fs'\n${files['steps.ts']!.replace(/run: \(\) => \[/, "run: () => [fromPackage, read(new URL('./beside.txt', import.meta.url), 'utf8'), ")}`,
  'beside.txt': `${beside}`,
  'node_modules/packaged/package.json':
    '{ "name": "packaged", "version": "1.0.0", "type": "module", "exports": { "import": "./index.js" } }',
  'node_modules/packaged/index.js': `export { value } from './value.js'`,
  'node_modules/packaged/value.js': `export const value = ${value}`,
})

/** Two versions of one program: across modules, re-exports, classes, state, packages. */
const edit: fc.Arbitrary<readonly Files[]> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.oneof(pureProgram, statefulProgram).chain(neighbours), style, style, fc.nat(2), fc.nat(2), fc.nat(2))
      .map(([[one, other], first, second, before, after, beside]) => [
        packaged(write(one, first), before, 0),
        packaged(write(other, second), after, beside),
      ]),
  },
  {
    weight: 1,
    arbitrary: effectProgram
      .chain((program) => fc.tuple(fc.constant(program), edited(program)))
      .map(([program, other]) => [writeEffects(program), writeEffects(other, namesAfter(program, other))]),
  },
)

test('over any edits, what checkpoints give is what is computed without them', async () => {
  const checkpoints = new Checkpoints()
  await fc.assert(
    fc.asyncProperty(edit, async (versions) => {
      for (const files of versions) {
        const project = new TemporaryProject(files)
        const expected = await uncached(project)
        // What throws leaves no checkpoint, and a module that does so while it loads is not even planned.
        if (!expected.startsWith('throws')) expect(await checkpoints.run(project)).toBe(expected)
        TemporaryProject.removeAll()
      }
    }),
    { numRuns: EDITS },
  )
  expect(checkpoints.reused).toBeGreaterThan(0)
})

test('edits that mean nothing compute nothing: comments, formatting, names, places, sibling steps', () =>
  fc.assert(
    fc.asyncProperty(pureProgram, style, style, fc.boolean(), async (program, one, other, sibling) => {
      const project = new TemporaryProject(write(program, one))
      const files = write(program, other)
      const more = sibling ? `\nexport const another = declareStep('another', { outputs: {}, run: () => 1 })\n` : ''
      const after = new TemporaryProject({ ...files, 'steps.ts': files['steps.ts']! + more })
      expect(await after.fingerprint()).toBe(await project.fingerprint())
      TemporaryProject.removeAll()
    }),
    { numRuns: Math.ceil(EDITS / 4) },
  ))
