import { startCollector } from '../collector.ts'
import { median, Project, seconds, time, type Case, type Figure } from '../lab.ts'
import { CHAIN, ofLength } from './chain.ts'

const LENGTH = 300
const ON = { NODE_OPTIONS: '--import @cairn/tracking/register', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
/** How much longer a run may take for being traced, and how much longer a process may then take to end. */
const MOST = 1.1
const MOST_AT_EXIT_MS = 1_100

interface Times {
  /** Milliseconds from the command to its summary. */
  readonly run: number
  /** Of the whole process. */
  readonly process: number
}

export const tracing: Case = {
  title: `A chain of ${LENGTH} steps, traced and not`,
  async run({ repeat, note }) {
    const project = new Project(CHAIN)
    const collector = await startCollector()
    const ways = {
      off: {},
      traced: { ...ON, OTEL_EXPORTER_OTLP_ENDPOINT: collector.address },
      'traced, no collector there': { ...ON, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
    }
    const times: Record<string, Times[]> = Object.fromEntries(Object.keys(ways).map((way) => [way, []]))
    for (let round = 0; round < 2 * repeat + 1; round++)
      for (const [way, env] of Object.entries(ways)) {
        const command = project.cairn(project.newStore(), 'run', 'chain', '--json')
        const { ms, output } = await time({ ...command, env: { ...ofLength(LENGTH), ...env } })
        times[way]!.push({ run: (JSON.parse(output) as { ms: number }).ms, process: ms })
      }
    collector.close()
    const { off, ...traced } = times
    note(`Ratios are medians of ${off!.length} pairs, one run after the other; the floor is the same run untraced.`)
    return Object.entries(traced).flatMap(([way, on]) => [runFigure(way, on, off!), exitFigure(way, on, off!)])
  },
}

function runFigure(way: string, on: readonly Times[], off: readonly Times[]): Figure {
  const ratio = median(on.map(({ run }, round) => run / off[round]!.run))
  return {
    what: `the run, ${way}`,
    cairn: seconds(median(on.map(({ run }) => run))),
    floor: seconds(median(off.map(({ run }) => run))),
    ratio,
    aim: `<= ${MOST}x`,
    met: ratio <= MOST,
  }
}

/** What a process takes beyond its run, to start and to end. */
function exitFigure(way: string, on: readonly Times[], off: readonly Times[]): Figure {
  const beyond = ({ run, process }: Times) => process - run
  const more = median(on.map((times, round) => beyond(times) - beyond(off[round]!)))
  return {
    what: `start and end of its process, ${way}`,
    cairn: seconds(median(on.map(beyond))),
    floor: seconds(median(off.map(beyond))),
    aim: `<= ${seconds(MOST_AT_EXIT_MS)} more`,
    met: more <= MOST_AT_EXIT_MS,
  }
}
