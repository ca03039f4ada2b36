import { hasParameter, parseTime, parametersOf, readRun, runNames, type Workspace } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { milliseconds } from '@cairn/kernel/contract'
import type { ArtifactStore, Layout } from '@cairn/records'

const STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const

export interface FilterOptions {
  readonly status?: readonly string[]
  readonly since?: string
  readonly until?: string
  readonly param?: readonly string[]
  readonly before?: string
}
/** Filters for a list of runs. */
export interface RunFilter {
  /** Any of these statuses; empty for all. */
  readonly status: readonly (typeof STATUSES)[number][]
  /** Planned at or after `since` and before `until`: milliseconds since 1970. */
  readonly since?: number
  readonly until?: number
  /** With all of these parameter values: `<name>=<value>`. */
  readonly param: readonly string[]
  /** Only runs older than this one. */
  readonly before?: string
}

/** @throws CairnError BAD_PARAMETER for an invalid status, time or parameter */
export function filterOf({ status = [], since, until, param = [], before }: FilterOptions, now: number): RunFilter {
  const known = STATUSES.filter((one) => status.includes(one))
  const unknown = status.find((one) => !STATUSES.some((known) => known === one))
  if (unknown !== undefined)
    throw new CairnError('BAD_PARAMETER', `--status "${unknown}" is unknown`, {
      next: `one of: ${STATUSES.join(', ')}`,
    })
  const nameless = param.find((one) => one.indexOf('=') < 1)
  if (nameless !== undefined)
    throw new CairnError('BAD_PARAMETER', `--param ${nameless} has no value`, {
      next: 'write it like --param trees=400',
    })
  return {
    status: known,
    param,
    ...(since !== undefined && { since: moment('since', since, now) }),
    ...(until !== undefined && { until: moment('until', until, now) }),
    ...(before !== undefined && { before }),
  }
}

/** Parses a date, a date and time, or an age. */
function moment(option: string, text: string, now: number): number {
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text)) return now - milliseconds(text as `${number}s`)
  const at = parseTime(text, 'local')
  if (at !== undefined) return at
  throw new CairnError('BAD_PARAMETER', `--${option} must be a date, a date and time, or an age, not "${text}"`, {
    next: `write it like --${option} 2026-11-29T08:00 or --${option} 12h`,
  })
}

/** Names of matching runs in a store, newest first. Unreadable runs are included if there is no filter. */
export async function runsHere(
  workspace: Workspace,
  pipeline: string,
  filter: RunFilter,
  most: number,
): Promise<string[]> {
  const { store } = workspace
  const folder = workspace.at(pipeline)
  const { before } = filter
  const names: string[] = []
  for (const name of await runNames(store, folder)) {
    if (names.length === most) break
    if (before !== undefined && name >= before) continue
    if (!isNarrow(filter) || (await isMeant(store, folder, name, filter))) names.push(name)
  }
  return names
}

/** Whether a filter excludes runs, apart from the start of the page. */
export function isNarrow({ status, since, until, param }: RunFilter): boolean {
  return status.length > 0 || param.length > 0 || since !== undefined || until !== undefined
}

async function isMeant(
  store: ArtifactStore,
  at: Layout,
  name: string,
  { status, since = -Infinity, until = Infinity, param }: RunFilter,
): Promise<boolean> {
  const run = await readRun(store, at, name).catch(badRecord)
  if (run instanceof CairnError) return false
  const { plan, end } = run
  return (
    (status.length === 0 || status.includes(end?.status ?? 'running')) &&
    plan.createdAt >= since &&
    plan.createdAt < until &&
    param.every((text) => hasParameter(parametersOf(plan), text))
  )
}

/** One damaged record must not hide the others. */
export function badRecord(error: unknown): CairnError {
  if (error instanceof CairnError && error.code === 'BAD_RECORD') return error
  throw error
}
