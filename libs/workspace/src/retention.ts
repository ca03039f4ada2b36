import { CairnError, suggest, type Duration } from '@cairn/kernel'
import { milliseconds } from '@cairn/kernel/contract'

/** What of an environment is kept, and for how long: what services collect goes by it. */
export interface Retention {
  /** The newest runs of a pipeline, which stay with all that they refer to. */
  readonly keepRuns: number
  /** Younger runs and checkpoints stay, too. Milliseconds. */
  readonly keepMs: number
  /** How long what nothing refers to stays in the trash before it is deleted, in milliseconds. */
  readonly graceMs: number
  /** How often it is collected, in milliseconds; undefined where only on request. */
  readonly everyMs: number | undefined
}

/** As it is written: `"retention"` of `"cairn"`, of one of its environments, of one of their pipelines. */
export interface RetentionSettings {
  readonly keepRuns?: number
  readonly keep?: string
  readonly grace?: string
  readonly every?: string
  readonly pipelines?: Readonly<Record<string, RetentionSettings>>
  readonly environments?: Readonly<Record<string, RetentionSettings>>
}

const DEFAULT = { keepRuns: 20, keep: '30d', grace: '2d' } as const
/** Services have work in hand whose outputs no record names yet: less would delete what a slow step has just stored. */
const LEAST_GRACE_MS = 3_600_000

/** Of one pipeline in one environment: what is said for it itself counts more than what is said for all. */
export function retentionOf(settings: RetentionSettings | undefined, env: string, pipeline: string): Retention {
  const ofEnv = settings?.environments?.[env]
  const levels = [settings, ofEnv, settings?.pipelines?.[pipeline], ofEnv?.pipelines?.[pipeline]]
  const said = Object.assign({}, DEFAULT, ...levels) as RetentionSettings & typeof DEFAULT
  return {
    keepRuns: said.keepRuns,
    keepMs: milliseconds(said.keep),
    graceMs: milliseconds(said.grace),
    everyMs: said.every === undefined ? undefined : milliseconds(said.every as Duration),
  }
}

/** What may be said for all, for one environment, and for one pipeline. */
const AMOUNTS = ['keepRuns', 'keep', 'grace', 'every']
const WITHIN = { environments: ['pipelines'], pipelines: [] } as const

/** @throws CairnError BAD_DEFINITION that names the file, the place in it and what of it is wrong */
export function checkRetention(
  file: string,
  settings: unknown,
  where = '"retention" of "cairn"',
  groups: readonly string[] = Object.keys(WITHIN),
): void {
  const refuse = (what: string, next: string) => {
    throw new CairnError('BAD_DEFINITION', `${file}: ${what}`, { next })
  }
  if (!isObject(settings))
    return refuse(`${where} is no object`, 'write "retention": { "keepRuns": 100, "keep": "90d", "every": "1d" }')
  const names = [...AMOUNTS, ...groups]
  for (const [name, value] of Object.entries(settings)) {
    if (!names.includes(name)) refuse(`${where} has no "${name}"`, suggest(name, names)!)
    if (groups.includes(name)) {
      if (!isObject(value)) return refuse(`"${name}" of ${where} is no object`, `write "${name}": { "<name>": { } }`)
      const inner = WITHIN[name as keyof typeof WITHIN]
      for (const [of, said] of Object.entries(value)) checkRetention(file, said, `${where}, ${name}, ${of}`, inner)
    } else if (name === 'keepRuns') {
      if (!Number.isInteger(value) || (value as number) < 0)
        refuse(`"keepRuns" of ${where} is no number of runs`, 'write "keepRuns": 100')
    } else {
      const ms = lengthOf(value)
      if (ms === undefined) refuse(`"${name}" of ${where} is no length of time`, `write "${name}": "2d"`)
      else if (name === 'grace' && ms < LEAST_GRACE_MS)
        refuse(`"grace" of ${where} is too short`, 'give at least "1h", and more than the longest step takes')
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function lengthOf(value: unknown): number | undefined {
  try {
    return typeof value === 'string' ? milliseconds(value as Duration) : undefined
  } catch {
    return undefined
  }
}
