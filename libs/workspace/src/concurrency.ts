import { CairnError, suggest } from '@cairn/kernel'

/** Maximum numbers of concurrent and of waiting runs in one environment; undefined means no limit. */
export interface RunLimits {
  /** For all pipelines together. */
  readonly environment: number | undefined
  readonly of: (pipeline: string) => number | undefined
  /** The limits on runs in the queue. */
  readonly waiting: { readonly environment: number; readonly of: (pipeline: string) => number | undefined }
}

/** The settings as written: `"concurrency"` of `"cairn"`, or of one of its environments. */
export interface ConcurrencySettings {
  /** Limit for all pipelines together. */
  readonly runs?: number
  /** Limit for each pipeline that is not in `pipelines`. */
  readonly runsPerPipeline?: number
  /** Limit on runs of all pipelines that wait in the queue. */
  readonly waiting?: number
  readonly waitingPerPipeline?: number
  readonly pipelines?: Readonly<Record<string, { readonly runs?: number; readonly waiting?: number }>>
  readonly environments?: Readonly<Record<string, ConcurrencySettings>>
}

/**
 * Resolves the limits of an environment. A setting of the environment overrides the general one, and one that names the
 * pipeline overrides both.
 */
export function runLimitsOf(settings: ConcurrencySettings | undefined, env: string): RunLimits {
  const levels = [ownOf(settings?.environments, env), settings]
  const first = (limitOf: (level: ConcurrencySettings) => number | undefined) =>
    levels.map((level) => level && limitOf(level)).find((limit) => limit !== undefined)
  return {
    environment: first(({ runs }) => runs),
    of: (pipeline) =>
      first(({ pipelines }) => ownOf(pipelines, pipeline)?.runs) ?? first(({ runsPerPipeline }) => runsPerPipeline),
    waiting: {
      environment: first(({ waiting }) => waiting) ?? WAITING,
      of: (pipeline) =>
        first(({ pipelines }) => ownOf(pipelines, pipeline)?.waiting) ??
        first(({ waitingPerPipeline }) => waitingPerPipeline),
    },
  }
}

/** Names come from requests, so they must not reach inherited properties. */
function ownOf<Value>(values: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return values && Object.hasOwn(values, name) ? values[name] : undefined
}

/** Default limit of waiting runs in an environment. */
const WAITING = 10_000

const NAMES = ['runs', 'runsPerPipeline', 'waiting', 'waitingPerPipeline', 'pipelines', 'environments'] as const
/** Highest limit: running runs are examined one by one each time that a run may start. */
const MAX_RUNS = 1_000
/** Highest limit: waiting runs are listed a thousand at a time. */
const MAX_WAITING = 100_000
const EXAMPLE = 'write "concurrency": { "runs": 8, "pipelines": { "nightly": { "runs": 1 } } }'

/**
 * Validates the concurrency settings.
 *
 * @throws CairnError BAD_DEFINITION that names the file and what is wrong
 */
export function checkConcurrency(
  file: string,
  settings: unknown,
  where = '"concurrency" of "cairn"',
  names: readonly string[] = NAMES,
): void {
  const refuse = (what: string, next: string) => {
    throw new CairnError('BAD_DEFINITION', `${file}: ${what}`, { next })
  }
  if (!isObject(settings)) return refuse(`${where} must be an object`, EXAMPLE)
  for (const [name, value] of Object.entries(settings)) {
    if (!names.includes(name)) refuse(`${where} has no setting "${name}"`, suggest(name, names)!)
    if (name === 'pipelines' || name === 'environments') {
      if (!isObject(value)) return refuse(`"${name}" of ${where} must be an object`, EXAMPLE)
      const inside = name === 'pipelines' ? ['runs', 'waiting'] : NAMES.filter((other) => other !== 'environments')
      for (const [of, inner] of Object.entries(value)) checkConcurrency(file, inner, `${where}, ${name}, ${of}`, inside)
    } else {
      const [least, most] = name.startsWith('waiting') ? [0, MAX_WAITING] : [1, MAX_RUNS]
      if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
        refuse(
          `"${name}" of ${where} must be a number of runs from ${least} to ${most}`,
          `write "${name}": 4, or remove it`,
        )
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
