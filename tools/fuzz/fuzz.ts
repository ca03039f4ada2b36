import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { KINDS } from './kinds.ts'
import { Random } from './random.ts'
import type { Answer, Story } from './story.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly first?: number
  readonly until: number
  /** At most so many. */
  readonly stories?: number
  readonly kinds?: readonly string[]
  readonly mostFaults?: number
  readonly processes?: number
  readonly tell?: (fault: Fault) => void
}

export interface Fault {
  readonly story: string
  readonly fault: string
  readonly words?: readonly string[] | undefined
  readonly answer?: Answer | undefined
  readonly files: Story['files']
  readonly damage?: Story['damage']
}

/** What a story takes at most before it counts as one without end. */
const PATIENCE_MS = 90_000
/** Of the stories, through the built command line. */
const BUILT_SHARE = 0.05
/** What a process has imported is never forgotten. */
const STORIES_A_PROCESS = 300

/**
 * After a source that is nested too deeply, Node erases no types any more in that process, not even those of the command
 * line: the story is lived through by a process for each command then.
 */
const STRIPPER_BROKEN = 'memory access out of bounds'

/** Story `n` of a seed is always the same, whichever process lives through it. */
function storyOf(seed: number, number: number, kinds: readonly string[] = []): Story {
  const names = Object.keys(KINDS).filter((kind) => kinds.length === 0 || kinds.includes(kind))
  const random = new Random(seed * 1_000_003 + number)
  const story = KINDS[names[number % names.length]!]!(random)
  return random.chance(BUILT_SHARE) ? { ...story, built: true } : story
}

export async function fuzz(options: FuzzOptions): Promise<{ counts: Record<string, number>; faults: Fault[] }> {
  const { seed, until, stories = Infinity, kinds = [], mostFaults = 20, processes = 2, first = 0, tell } = options
  const counts: Record<string, number> = {}
  const faults: Fault[] = []
  let next = first
  const continues = () => next < first + stories && faults.length < mostFaults && Date.now() < until
  await Promise.all(
    Array.from({ length: processes }, async () => {
      while (continues()) {
        let teller = new Teller()
        for (let lived = 0; lived < STORIES_A_PROCESS && continues() && teller.lives; lived++) {
          const number = next++
          const story = storyOf(seed, number, kinds)
          let told = await teller.tell(story)
          if (told.fault?.includes(STRIPPER_BROKEN)) {
            teller.end()
            teller = new Teller()
            told = await teller.tell({ ...story, built: true })
          }
          const { fault, command, answer } = told
          counts[story.kind] = (counts[story.kind] ?? 0) + 1
          if (fault === undefined) continue
          const found = {
            story: `seed ${seed}, story ${number}, ${story.kind}`,
            fault,
            words: story.commands[command ?? -1]?.words,
            answer,
            files: story.files,
            ...(story.damage && { damage: story.damage }),
          }
          faults.push(found)
          tell?.(found)
        }
        teller.end()
      }
    }),
  )
  return { counts, faults }
}

interface Told {
  readonly fault?: string
  readonly command?: number
  readonly answer?: Answer
}

class Teller {
  readonly #process: ChildProcess
  lives = true

  constructor() {
    const { FORCE_COLOR: _, CAIRN_STORE: __, ...own } = process.env
    const env = { ...own, NO_COLOR: '1' }
    this.#process = fork(join(import.meta.dirname, 'worker.ts'), { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#process.once('exit', () => (this.lives = false))
  }

  async tell(story: Story): Promise<Told> {
    let printed = ''
    const hear = (text: Buffer) => (printed += String(text))
    this.#process.stderr!.on('data', hear)
    const told = Promise.withResolvers<Told>()
    const answered = (answer: Told) => told.resolve(answer)
    const died = () => told.resolve({ fault: `the process ends: ${printed}` })
    const timer = setTimeout(() => {
      told.resolve({ fault: 'does not end' })
      this.end()
    }, PATIENCE_MS)
    this.#process.once('message', answered).once('exit', died)
    this.#process.send(story)
    try {
      return await told.promise
    } finally {
      clearTimeout(timer)
      this.#process.off('message', answered).off('exit', died)
      this.#process.stderr!.off('data', hear)
    }
  }

  end(): void {
    this.lives = false
    // What it has in hand is taken away, or else it is stuck.
    this.#process.disconnect()
    setTimeout(() => this.#process.kill('SIGKILL'), 2_000).unref()
  }
}
