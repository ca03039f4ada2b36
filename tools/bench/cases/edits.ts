import { Project, time, type Case, type Figure } from '../lab.ts'

const HELPER = `/** Doubles. */
export function scale(n: number): number {
  return n * 2
}
`
const STEPS = `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { scale } from './scale.ts'

const Int = json<number>()
export const first = step('first', { outputs: { n: Int }, run: () => ({ n: 1 }) })
// The second step.
export const second = step('second', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: scale(n) + 1 }) })
export const third = step('third', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * 10 }) })
export const edits = pipeline('edits', () => {
  const { n } = first({})
  const { n: scaled } = second({ n })
  return third({ n: scaled })
})
`

interface Edit {
  readonly what: string
  readonly files: Readonly<Record<string, string>>
  readonly computes: readonly string[]
  readonly gives: number
}

const EDITS: readonly Edit[] = [
  { what: 'nothing edited', files: {}, computes: [], gives: 30 },
  {
    what: "the helper's comment edited",
    files: { 'scale.ts': HELPER.replace('Doubles', 'Multiplies by two') },
    computes: [],
    gives: 30,
  },
  {
    what: 'the helper edited',
    files: { 'scale.ts': HELPER.replace('n * 2', 'n * 3') },
    computes: ['second', 'third'],
    gives: 40,
  },
  {
    what: "step 2's comment edited",
    files: { 'edits.pipeline.ts': STEPS.replace('The second step', 'Scales') },
    computes: [],
    gives: 30,
  },
  {
    what: 'step 2 edited',
    files: { 'edits.pipeline.ts': STEPS.replace('scale(n) + 1', 'scale(n) + 2') },
    computes: ['second', 'third'],
    gives: 40,
  },
]

export const edits: Case = {
  title: 'After an edit: is the answer right, and is exactly what must be computed again?',
  async run() {
    const found: Figure[] = []
    for (const { what, files, computes, gives } of EDITS) {
      const project = new Project({ 'edits.pipeline.ts': STEPS, 'scale.ts': HELPER })
      const store = project.newStore()
      await time(project.cairn(store, 'run', 'edits'))
      project.write(files)
      const { output } = await time(project.cairn(store, '--json', 'run', 'edits'))
      const { steps } = JSON.parse(output) as Summary
      const computed = Object.keys(steps).filter((name) => steps[name]!.how === 'computed')
      const answer = Number(steps['third']!.outputs['n']!.text)
      const met = answer === gives && computed.join() === computes.join()
      const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '))
      found.push({
        what,
        cairn: `${answer}, computed: ${list(computed)}`,
        floor: `${gives}, to be computed: ${list(computes)}`,
        aim: 'the same',
        met,
      })
    }
    return found
  },
}

interface Summary {
  readonly steps: Readonly<Record<string, { how: string; outputs: Readonly<Record<string, { text: string }>> }>>
}
