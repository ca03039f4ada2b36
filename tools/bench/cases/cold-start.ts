import { medians, nodeCommand, Project, seconds, time, times, type Case } from '../lab.ts'
import { CHAIN, ofLength } from './chain.ts'

export const coldStart: Case = {
  title: 'One step, whole process',
  async run({ repeat, note }) {
    const project = new Project(CHAIN)
    const env = ofLength(1)
    const known = project.newStore()
    for (let run = 0; run < 2; run++) await time({ ...project.cairn(known, 'run', 'chain', '--force', 'start'), env })
    const [bare, again, reused, first] = await medians(2 * repeat + 1, [
      () => nodeCommand('-e', '0'),
      () => ({ ...project.cairn(known, 'run', 'chain', '--force', 'start'), env }),
      () => ({ ...project.cairn(known, 'run', 'chain'), env }),
      () => ({ ...project.cairn(project.newStore(), 'run', 'chain'), env }),
    ])
    note(
      'Where the time goes, in milliseconds: Node itself 27, its ESM loader and built-in modules 12, the check that what was ' +
        'built is fresh 3, our modules 15, commander 6, the run 15 (see docs/decisions/0004-start-up.md).',
    )
    return [
      times('computed, by a step known to be short; floor: `node -e 0`', again!, bare!, 2.5),
      times('reused', reused!, bare!, 2.5),
      {
        what: 'the first run ever: code is cut out and stored, and runs in a process of its own',
        cairn: seconds(first!),
        floor: seconds(bare!),
        ratio: first! / bare!,
        aim: '< 240 ms (best peer)',
        met: first! < 240,
      },
    ]
  },
}
