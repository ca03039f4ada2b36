import { join } from 'node:path'
import { medians, nodeCommand, Project, ROOT, seconds, type Case, type Command } from '../lab.ts'
import { CHAIN, ofLength } from './chain.ts'

const [SHORT, MIDDLE, LONG] = [50, 500, 5_000]
/** A task's terminal record and its checkpoint, in bytes. */
const RECORD = 800

export const persistedStep: Case = {
  title: 'A persisted step',
  async run({ repeat, note }) {
    const project = new Project(CHAIN)
    const chain =
      (length: number, extra = {}) =>
      (): Command => ({
        ...project.cairn(project.newStore(), 'run', 'chain'),
        env: { ...ofLength(length), ...extra },
      })
    const files = (count: number) => () =>
      nodeCommand(join(ROOT, 'tools/bench/plain/files.ts'), project.newStore(), String(count), String(RECORD))
    const [short, middle, long, floorShort, floorLong] = await medians(repeat, [
      chain(SHORT),
      chain(MIDDLE),
      chain(LONG),
      files(2 * SHORT),
      files(2 * LONG),
    ])
    const slope = (less: number, more: number, steps: number) => (more - less) / steps
    const [low, high] = [slope(short!, middle!, MIDDLE - SHORT), slope(middle!, long!, LONG - MIDDLE)]
    const floor = slope(floorShort!, floorLong!, LONG - SHORT)
    const durable = { CAIRN_DURABILITY: 'power-loss' }
    const [few, many] = await medians(Math.min(repeat, 3), [chain(SHORT, durable), chain(4 * SHORT, durable)])
    const synced = slope(few!, many!, 3 * SHORT)
    note(
      'A commit survives the death of the process by default. With `CAIRN_DURABILITY=power-loss` files and folders are ' +
        `synced before it counts: ${seconds(synced)} a step here.`,
    )
    const line = (what: string, ms: number) => {
      return { what, cairn: seconds(ms), floor: seconds(floor), ratio: ms / floor, aim: '<= 0.4 ms', met: ms <= 0.4 }
    }
    return [
      line(`slope from ${SHORT} to ${MIDDLE} steps; floor: two records hashed, written, moved`, low),
      line(`slope from ${MIDDLE} to ${LONG} steps`, high),
    ]
  },
}
