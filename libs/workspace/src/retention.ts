import { CairnError, suggest, type Duration } from '@cairn/kernel'
import { milliseconds } from '@cairn/kernel/contract'

/** What services keep for one pipeline in an environment, and for how long. */
export interface Retention {
  /** Number of newest runs to keep, with everything they reference. */
  readonly keepRuns: number
  /** Age in milliseconds up to which runs and checkpoints are kept, too. */
  readonly keepMs: number
  /** Grace period in milliseconds for unreferenced objects in the trash. */
  readonly graceMs: number
  /** Interval of garbage collection in milliseconds; undefined means only on request. */
  readonly everyMs: number | undefined
}

/** The settings as written: `"retention"` of `"cairn"`, of one of its environments, or of one of their pipelines. */
export interface RetentionSettings {
  readonly keepRuns?: number
  readonly keep?: string
  readonly grace?: string
  readonly every?: string
  readonly pipelines?: Readonly<Record<string, RetentionSettings>>
  readonly environments?: Readonly<Record<string, RetentionSettings>>
}

const DEFAULT = { keepRuns: 20, keep: '30d', grace: '2d' } as const
/**
 * Steps that are running have stored outputs that no record references yet. A shorter grace period would delete them.
 */
const MIN_GRACE_MS = 3_600_000

/** Resolves the retention of one pipeline in one environment. A setting for the pipeline overrides a general one. */
export function retentionOf(settings: RetentionSettings | undefined, env: string, pipeline: string): Retention {
  const ofEnv = settings?.environments?.[env]
  const levels = [settings, ofEnv, settings?.pipelines?.[pipeline], ofEnv?.pipelines?.[pipeline]]
  const merged = Object.assign({}, DEFAULT, ...levels) as RetentionSettings & typeof DEFAULT
  return {
    keepRuns: merged.keepRuns,
    keepMs: milliseconds(merged.keep),
    graceMs: milliseconds(merged.grace),
    everyMs: merged.every === undefined ? undefined : milliseconds(merged.every as Duration),
  }
}

/** Settings that are valid for all, for one environment and for one pipeline. */
const AMOUNTS = ['keepRuns', 'keep', 'grace', 'every']
const WITHIN = { environments: ['pipelines'], pipelines: [] } as const

/**
 * Validates the retention settings.
 *
 * @throws CairnError BAD_DEFINITION that names the file, the place in it and what is wrong
 */
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
    return refuse(`${where} must be an object`, 'write "retention": { "keepRuns": 100, "keep": "90d", "every": "1d" }')
  const names = [...AMOUNTS, ...groups]
  for (const [name, value] of Object.entries(settings)) {
    if (!names.includes(name)) refuse(`${where} has no setting "${name}"`, suggest(name, names)!)
    if (groups.includes(name)) {
      if (!isObject(value))
        return refuse(`"${name}" of ${where} must be an object`, `write "${name}": { "<name>": { } }`)
      const inner = WITHIN[name as keyof typeof WITHIN]
      for (const [of, group] of Object.entries(value)) checkRetention(file, group, `${where}, ${name}, ${of}`, inner)
    } else if (name === 'keepRuns') {
      if (!Number.isInteger(value) || (value as number) < 0)
        refuse(`"keepRuns" of ${where} must be a number of runs`, 'write "keepRuns": 100')
    } else {
      const ms = lengthOf(value)
      if (ms === undefined) refuse(`"${name}" of ${where} must be a duration`, `write "${name}": "2d"`)
      else if (name === 'grace' && ms < MIN_GRACE_MS)
        refuse(`"grace" of ${where} is too short`, 'use at least "1h", and more than the longest step takes')
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
