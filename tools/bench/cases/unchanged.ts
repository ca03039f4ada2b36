import { medians, nodeCommand, Project, seconds, time, type Case } from '../lab.ts'
import { CHAIN, ofLength } from './chain.ts'

export const unchanged: Case = {
  title: 'Nothing has changed: code and inputs checked, every step reused',
  async run({ repeat }) {
    const project = new Project(CHAIN)
    const store = project.newStore()
    const again = (length: number) => ({ ...project.cairn(store, 'run', 'chain'), env: ofLength(length) })
    await time(again(500))
    const [bare, few, many] = await medians(2 * repeat + 1, [
      () => nodeCommand('-e', '0'),
      () => again(50),
      () => again(500),
    ])
    const line = (what: string, ms: number, most: number) => {
      const aim = `<= ${seconds(most)}`
      return { what, cairn: seconds(ms), floor: seconds(bare!), ratio: ms / bare!, aim, met: ms <= most }
    }
    return [line('50 steps; floor: `node -e 0`', few!, 250), line('500 steps', many!, 500)]
  },
}
