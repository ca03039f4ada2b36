import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { neighbours } from './edits.fixture.ts'
import { edited, effectProgram, namesAfter, writeEffects } from './effects.fixture.ts'
import { pureProgram, statefulProgram, style, write, type Program, type Style } from './program.fixture.ts'
import { TemporaryProject } from './project.fixture.ts'

afterEach(() => TemporaryProject.removeAll())

const RUNS = { numRuns: Number(process.env.CAIRN_PROPERTY_RUNS ?? 60) }

async function original(project: TemporaryProject): Promise<unknown> {
  return (await project.import('steps.ts')).main.definition.run()
}
/** What a program computes, as JSON, or the error that it throws. */
async function resultOf(run: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await run())
  } catch (error) {
    return `throws ${(error as Error).name}`
  }
}
const projectOf = (program: Program, written: Style) => new TemporaryProject(write(program, written))

test('a program has the same fingerprint however it is written: names, files, order, imports, types, comments', () =>
  fc.assert(
    fc.asyncProperty(pureProgram, style, style, async (program, one, other) => {
      expect(await projectOf(program, one).fingerprint()).toBe(await projectOf(program, other).fingerprint())
    }),
    RUNS,
  ))

test('a program with state has the same fingerprint whatever its names are', () =>
  fc.assert(
    fc.asyncProperty(statefulProgram, style, style, async (program, one, other) => {
      const files = { breaks: one.breaks, order: one.order }
      expect(await projectOf(program, one).fingerprint()).toBe(
        await projectOf(program, { ...other, ...files }).fingerprint(),
      )
    }),
    RUNS,
  ))

test('an emitted closure computes what the program does', () =>
  fc.assert(
    fc.asyncProperty(fc.oneof(pureProgram, statefulProgram), style, async (program, written) => {
      const project = projectOf(program, written)
      const expected = await resultOf(() => original(project))
      expect(await resultOf(async () => (await project.emitted()).run())).toBe(expected)
    }),
    RUNS,
  ))

test('programs that compute different results have different fingerprints', () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(pureProgram, statefulProgram).chain(neighbours),
      style,
      style,
      async ([program, other], one, two) => {
        const [a, b] = [projectOf(program, one), projectOf(other, two)]
        const [results, fingerprints] = [
          [await resultOf(() => original(a)), await resultOf(() => original(b))],
          [await a.fingerprint(), await b.fingerprint()],
        ]
        fc.pre(results[0] !== results[1])
        expect(fingerprints[0]).not.toBe(fingerprints[1])
      },
    ),
    RUNS,
  ))

test('an emitted closure includes all top-level code that changes what the step sees', () =>
  fc.assert(
    fc.asyncProperty(effectProgram, async (program) => {
      const project = new TemporaryProject(writeEffects(program))
      const expected = await resultOf(() => original(project))
      fc.pre(!expected.startsWith('throws'))
      expect(await resultOf(async () => (await project.emitted()).run())).toBe(expected)
    }),
    RUNS,
  ))

test('top-level code that changes what a step sees changes its fingerprint', () =>
  fc.assert(
    fc.asyncProperty(
      effectProgram.chain((program) => fc.tuple(fc.constant(program), edited(program))),
      async ([program, other]) => {
        const [a, b] = [
          new TemporaryProject(writeEffects(program)),
          new TemporaryProject(writeEffects(other, namesAfter(program, other))),
        ]
        const [before, after] = [await resultOf(() => original(a)), await resultOf(() => original(b))]
        fc.pre(before !== after && !`${before}${after}`.includes('throws'))
        expect(await a.fingerprint()).not.toBe(await b.fingerprint())
      },
    ),
    RUNS,
  ))
