import { medians, nodeCommand, Project, seconds, time, type Case } from '../lab.ts'
import { CHAIN, ofLength } from './chain.ts'

const STEPS = 10_000

export const planning: Case = {
  title: `Planning ${STEPS.toLocaleString('en')} steps`,
  async run({ repeat }) {
    const project = new Project(CHAIN)
    const store = project.newStore()
    const env = ofLength(STEPS)
    const plan = () => ({ ...project.cairn(store, 'plan', 'chain', '--json'), env })
    const [bare, fresh] = await medians(repeat, [() => nodeCommand('-e', '0'), plan])
    await time({ ...project.cairn(store, 'run', 'chain'), env })
    const [reused] = await medians(repeat, [plan])
    const line = (what: string, ms: number) => {
      return { what, cairn: seconds(ms), floor: seconds(bare!), ratio: ms / bare!, aim: '< 1 s', met: ms < 1000 }
    }
    return [
      line('nothing has run yet; floor: `node -e 0`', fresh!),
      line('every step is reused, and every checkpoint looked up', reused!),
    ]
  },
}
