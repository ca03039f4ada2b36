import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { startCollector } from '../collector.ts'
import { median, NODE, Project, ROOT, seconds, temporaryFolder, time, type Case, type Figure } from '../lab.ts'
import { CHAIN, ofLength } from './chain.ts'

const LENGTH = 300
const ON = { NODE_OPTIONS: '--import @cairn/tracking/register', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
/** How much longer a run may take for being traced, and how much longer a process may then take to end. */
const MOST = 1.1
const MOST_OF_REAL_WORK = 1.02
const MOST_AT_EXIT_MS = 1_100

interface Times {
  /** Milliseconds from the command to its summary. */
  readonly run: number
  /** Of the whole process. */
  readonly process: number
}

export const tracing: Case = {
  title: `Tracing: a chain of ${LENGTH} steps, and flight-delays, traced and not`,
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
    const flights = await ofFlights(Math.min(repeat, 5), { ...ON, OTEL_EXPORTER_OTLP_ENDPOINT: collector.address })
    collector.close()
    const { off, ...traced } = times
    note(`Ratios are medians of ${off!.length} pairs, one run after the other; the floor is the same run untraced.`)
    const ofChain = Object.entries(traced).flatMap(([way, on]) => [runFigure(way, on, off!), exitFigure(way, on, off!)])
    return [...ofChain, flights]
  },
}

/** What it costs where steps have something to do. */
async function ofFlights(repeat: number, traced: Readonly<Record<string, string>>): Promise<Figure> {
  const folder = temporaryFolder()
  const run = async (name: string, env = {}): Promise<number> => {
    const args = [join(ROOT, 'apps/cli/bin/cairn.js'), '--store', join(folder, name), 'run', 'flight-delays', '--json']
    const { output } = await time({ program: NODE, args, cwd: ROOT, env })
    rmSync(join(folder, name), { recursive: true })
    return (JSON.parse(output) as { ms: number }).ms
  }
  const [on, off]: [number[], number[]] = [[], []]
  for (let round = 0; round < repeat; round++)
    for (const way of round % 2 === 0 ? [off, on] : [on, off]) way.push(await run('store', way === on ? traced : {}))
  const ratio = median(on.map((ms, round) => ms / off[round]!))
  return {
    what: `flight-delays on 3,000,000 rows, traced (pairs: ${on.map((ms, round) => (ms / off[round]!).toFixed(3)).join(', ')})`,
    cairn: seconds(median(on)),
    floor: seconds(median(off)),
    ratio,
    aim: `<= ${MOST_OF_REAL_WORK}x`,
    met: ratio <= MOST_OF_REAL_WORK,
  }
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
