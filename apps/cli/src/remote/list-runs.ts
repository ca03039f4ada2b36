import type { ControlOptions } from '@cairn/drivers/store/control'
import type { RunFilter } from '../run-filter.ts'
import { getFrom } from './control-client.ts'

/** The maximum page size of control. */
const PAGE = 200

/** Names of runs on services, newest first: page by page, up to the wanted number. */
export async function runsOn(
  control: ControlOptions,
  pipeline: string,
  filter: RunFilter,
  most: number,
): Promise<string[]> {
  const names: string[] = []
  let { before } = filter
  do {
    const query = {
      limit: Math.min(most - names.length, PAGE),
      status: filter.status,
      param: filter.param,
      ...(filter.since !== undefined && { since: moment(filter.since) }),
      ...(filter.until !== undefined && { until: moment(filter.until) }),
      ...(before !== undefined && { before }),
    }
    const { runs, next } = await getFrom(control, '/v1/pipelines/{pipeline}/runs', { path: { pipeline }, query })
    names.push(...runs.map(({ run }) => run))
    before = next
  } while (before !== undefined && names.length < most)
  return names
}

/** Control accepts whole milliseconds since 1970. */
function moment(ms: number): string {
  return String(Math.max(0, Math.ceil(ms)))
}
