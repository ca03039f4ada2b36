import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { KINDS } from './kinds.ts'
import { Random } from './random.ts'
import type { Answer, Scenario } from './scenario.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly first?: number
  readonly until: number
  /** Maximum number of scenarios. */
  readonly scenarios?: number
  readonly kinds?: readonly string[]
  readonly mostFaults?: number
  readonly processes?: number
  readonly onFault?: (fault: Fault) => void
}

export interface Fault {
  readonly scenario: string
  readonly fault: string
  readonly words?: readonly string[] | undefined
  readonly answer?: Answer | undefined
  readonly files: Scenario['files']
  readonly damage?: Scenario['damage']
}

/** Time after which a scenario is taken not to end. */
const PATIENCE_MS = 90_000
/** Share of the scenarios that use the built command line. */
const BUILT_SHARE = 0.05
/** A process is replaced after this many scenarios, because it never unloads modules. */
const SCENARIOS_PER_PROCESS = 300

/**
 * After a source that is nested too deeply, Node can no longer strip types in that process, not even those of the command
 * line. The scenario is then run again with a process for each command.
 */
const STRIPPER_BROKEN = 'memory access out of bounds'

/** Scenario `n` of a seed is always the same, whichever process runs it. */
function scenarioOf(seed: number, number: number, kinds: readonly string[] = []): Scenario {
  const names = Object.keys(KINDS).filter((kind) => kinds.length === 0 || kinds.includes(kind))
  const random = new Random(seed * 1_000_003 + number)
  const scenario = KINDS[names[number % names.length]!]!(random)
  return random.chance(BUILT_SHARE) ? { ...scenario, built: true } : scenario
}

export async function fuzz(options: FuzzOptions): Promise<{ counts: Record<string, number>; faults: Fault[] }> {
  const { seed, until, scenarios = Infinity, kinds = [], mostFaults = 20, processes = 2, first = 0, onFault } = options
  const counts: Record<string, number> = {}
  const faults: Fault[] = []
  let next = first
  const continues = () => next < first + scenarios && faults.length < mostFaults && Date.now() < until
  await Promise.all(
    Array.from({ length: processes }, async () => {
      while (continues()) {
        let runner = new Runner()
        for (let count = 0; count < SCENARIOS_PER_PROCESS && continues() && runner.isAlive; count++) {
          const number = next++
          const scenario = scenarioOf(seed, number, kinds)
          let outcome = await runner.run(scenario)
          if (outcome.fault?.includes(STRIPPER_BROKEN)) {
            runner.end()
            runner = new Runner()
            outcome = await runner.run({ ...scenario, built: true })
          }
          const { fault, command, answer } = outcome
          counts[scenario.kind] = (counts[scenario.kind] ?? 0) + 1
          if (fault === undefined) continue
          const found = {
            scenario: `seed ${seed}, scenario ${number}, ${scenario.kind}`,
            fault,
            words: scenario.commands[command ?? -1]?.words,
            answer,
            files: scenario.files,
            ...(scenario.damage && { damage: scenario.damage }),
          }
          faults.push(found)
          onFault?.(found)
        }
        runner.end()
      }
    }),
  )
  return { counts, faults }
}

/** The first fault of a scenario, if it has any. */
interface Outcome {
  readonly fault?: string
  readonly command?: number
  readonly answer?: Answer
}

/** A process that runs scenarios, one at a time. */
class Runner {
  readonly #process: ChildProcess
  isAlive = true

  constructor() {
    const { FORCE_COLOR: _, CAIRN_STORE: __, ...own } = process.env
    const env = { ...own, NO_COLOR: '1' }
    this.#process = fork(join(import.meta.dirname, 'worker.ts'), { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#process.once('exit', () => (this.isAlive = false))
  }

  async run(scenario: Scenario): Promise<Outcome> {
    let printed = ''
    const onOutput = (text: Buffer) => (printed += String(text))
    this.#process.stderr!.on('data', onOutput)
    const outcome = Promise.withResolvers<Outcome>()
    const onMessage = (message: Outcome) => outcome.resolve(message)
    const onExit = () => outcome.resolve({ fault: `the process ends: ${printed}` })
    const timer = setTimeout(() => {
      outcome.resolve({ fault: 'does not end' })
      this.end()
    }, PATIENCE_MS)
    this.#process.once('message', onMessage).once('exit', onExit)
    this.#process.send(scenario)
    try {
      return await outcome.promise
    } finally {
      clearTimeout(timer)
      this.#process.off('message', onMessage).off('exit', onExit)
      this.#process.stderr!.off('data', onOutput)
    }
  }

  end(): void {
    this.isAlive = false
    // Without its parent it ends by itself, unless it is stuck.
    this.#process.disconnect()
    setTimeout(() => this.#process.kill('SIGKILL'), 2_000).unref()
  }
}
