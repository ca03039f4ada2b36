import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { edited, effectProgram, namesAfter, writeEffects } from './effects.fixture.ts'
import { neighbours } from './edits.fixture.ts'
import { pureProgram, statefulProgram, style, write } from './program.fixture.ts'
import { TemporaryProject, type Files } from './project.fixture.ts'
import { surround, surroundingsEdit } from './surroundings.fixture.ts'

vi.setConfig({ testTimeout: 3_600_000 })
afterEach(() => TemporaryProject.removeAll())

/** Number of edits for the first property. The second one takes a quarter of it. */
const EDITS = Number(process.env.CAIRN_EDITS ?? 100)
const seed = process.env.CAIRN_SEED === undefined ? {} : { seed: Number(process.env.CAIRN_SEED) }

type Outcome = { readonly value: string } | { readonly error: string }

/** Stores results by fingerprint over all edits, as checkpoints do. Errors are not stored. */
class Checkpoints {
  readonly #kept = new Map<string, Outcome>()
  reused = 0

  async run(project: TemporaryProject): Promise<Outcome> {
    const key = await project.fingerprint()
    const kept = this.#kept.get(key)
    if (kept) this.reused++
    const outcome = kept ?? (await outcomeOf(async () => (await project.emitted()).run()))
    if ('value' in outcome) this.#kept.set(key, outcome)
    return outcome
  }
}

async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { value: JSON.stringify(await run()) }
  } catch (error) {
    const { name, message } = error as Error
    return { error: `${name}: ${message.replaceAll(/[\w$]+(?=[.(]| is not| has already)/g, '_')}` } // names may differ
  }
}

const uncached = async (project: TemporaryProject): Promise<Outcome & { readonly loads: boolean }> => {
  let loads = false
  const outcome = await outcomeOf(async () => {
    const { main } = await project.import('steps.ts')
    loads = true
    return main.definition.run()
  })
  return { ...outcome, loads }
}

/** Two versions of one program, with modules, re-exports, classes, state, packages, JSON and compiler settings. */
const edit: fc.Arbitrary<readonly Files[]> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.oneof(pureProgram, statefulProgram).chain(neighbours), style, style, surroundingsEdit)
      .map(([[one, other], first, second, [before, after]]) => [
        surround(write(one, first), before),
        surround(write(other, second), after),
      ]),
  },
  {
    weight: 1,
    arbitrary: effectProgram
      .chain((program) => fc.tuple(fc.constant(program), edited(program)))
      .map(([program, other]) => [writeEffects(program), writeEffects(other, namesAfter(program, other))]),
  },
)

test('after any edits, results with checkpoints equal results without them', async () => {
  const checkpoints = new Checkpoints()
  const counts = { edits: 0, versions: 0, 'same value': 0, 'same error': 0, 'thrown while loading, so not planned': 0 }
  await fc.assert(
    fc.asyncProperty(edit, async (versions) => {
      counts.edits++
      for (const files of versions) {
        counts.versions++
        const project = new TemporaryProject(files)
        const { loads, ...expected } = await uncached(project)
        if (loads) expect(await checkpoints.run(project)).toEqual(expected)
        counts[!loads ? 'thrown while loading, so not planned' : 'value' in expected ? 'same value' : 'same error']++
        TemporaryProject.removeAll()
      }
    }),
    { numRuns: EDITS, ...seed },
  )
  console.info(counts, { reused: checkpoints.reused })
  expect(checkpoints.reused).toBeGreaterThan(0)
  expect(counts['same value']).toBeGreaterThan(counts.versions / 2)
})

test('edits that change no behaviour compute nothing: comments, formatting, names, locations, sibling steps, compiler settings', () =>
  fc.assert(
    fc.asyncProperty(
      pureProgram,
      style,
      style,
      fc.boolean(),
      surroundingsEdit,
      async (program, one, other, sibling, [around]) => {
        const project = new TemporaryProject(surround(write(program, one), around))
        const files = surround(write(program, other), { ...around, unread: (around.unread + 1) % 3 })
        const more = sibling ? `\nexport const another = declareStep('another', { outputs: {}, run: () => 1 })\n` : ''
        const after = new TemporaryProject({ ...files, 'steps.ts': files['steps.ts']! + more })
        expect(await after.fingerprint()).toBe(await project.fingerprint())
        TemporaryProject.removeAll()
      },
    ),
    { numRuns: Math.ceil(EDITS / 4), ...seed },
  ))
