import { CairnError, suggest } from '@cairn/kernel'

/** How many runs go on at once in one environment, and how many wait beside them; undefined: as many as there are. */
export interface RunLimits {
  /** All pipelines together. */
  readonly environment: number | undefined
  readonly of: (pipeline: string) => number | undefined
  /** The same of those that wait for their turn. */
  readonly waiting: { readonly environment: number; readonly of: (pipeline: string) => number | undefined }
}

/** As it is written: `"concurrency"` of `"cairn"`, and of one of its environments. */
export interface ConcurrencySettings {
  /** Of all pipelines together. */
  readonly runs?: number
  /** Of each pipeline that is not named in `pipelines`. */
  readonly runsPerPipeline?: number
  /** How many runs of all pipelines together wait for their turn. */
  readonly waiting?: number
  readonly waitingPerPipeline?: number
  readonly pipelines?: Readonly<Record<string, { readonly runs?: number; readonly waiting?: number }>>
  readonly environments?: Readonly<Record<string, ConcurrencySettings>>
}

/** What is said for the environment counts more than what is said for all, and what names the pipeline more than either. */
export function runLimitsOf(settings: ConcurrencySettings | undefined, env: string): RunLimits {
  const levels = [ownOf(settings?.environments, env), settings]
  const first = (said: (level: ConcurrencySettings) => number | undefined) =>
    levels.map((level) => level && said(level)).find((limit) => limit !== undefined)
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

/** Names come from requests. */
function ownOf<Value>(values: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return values && Object.hasOwn(values, name) ? values[name] : undefined
}

/** Runs of an environment that may wait, unless the project sets `waiting`. */
const WAITING = 10_000

const NAMES = ['runs', 'runsPerPipeline', 'waiting', 'waitingPerPipeline', 'pipelines', 'environments'] as const
/** What goes on is looked at one by one each time that a run may start. */
const MOST = 1_000
/** What waits is listed, a thousand at a time. */
const MOST_WAITING = 100_000
const EXAMPLE = 'write "concurrency": { "runs": 8, "pipelines": { "nightly": { "runs": 1 } } }'

/** @throws CairnError BAD_DEFINITION that names the file and what of it is wrong */
export function checkConcurrency(
  file: string,
  settings: unknown,
  where = '"concurrency" of "cairn"',
  names: readonly string[] = NAMES,
): void {
  const refuse = (what: string, next: string) => {
    throw new CairnError('BAD_DEFINITION', `${file}: ${what}`, { next })
  }
  if (!isObject(settings)) return refuse(`${where} is no object`, EXAMPLE)
  for (const [name, value] of Object.entries(settings)) {
    if (!names.includes(name)) refuse(`${where} has no "${name}"`, suggest(name, names)!)
    if (name === 'pipelines' || name === 'environments') {
      if (!isObject(value)) return refuse(`"${name}" of ${where} is no object`, EXAMPLE)
      const inside = name === 'pipelines' ? ['runs', 'waiting'] : NAMES.filter((other) => other !== 'environments')
      for (const [of, inner] of Object.entries(value)) checkConcurrency(file, inner, `${where}, ${name}, ${of}`, inside)
    } else {
      const [least, most] = name.startsWith('waiting') ? [0, MOST_WAITING] : [1, MOST]
      if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
        refuse(
          `"${name}" of ${where} is no number of runs from ${least} to ${most}`,
          `write "${name}": 4, or leave it out`,
        )
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
