import type { ControlOptions } from '@cairn/drivers/store/control'
import type { RunFilter } from '../run-filter.ts'
import { getFrom } from './control-client.ts'

/** As many as control tells at one time. */
const PAGE = 200

/** Names of runs on services, the newest first: page by page, until there are as many as are wanted. */
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

/** Control takes whole milliseconds since 1970. */
function moment(ms: number): string {
  return String(Math.max(0, Math.ceil(ms)))
}
