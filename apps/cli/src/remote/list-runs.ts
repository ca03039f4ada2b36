import { askControl, type ControlOptions } from '@cairn/drivers/store/control'
import type { RunFilter } from '../run-filter.ts'

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
    const query = new URLSearchParams({ limit: String(Math.min(most - names.length, PAGE)) })
    for (const status of filter.status) query.append('status', status)
    for (const param of filter.param) query.append('param', param)
    for (const [name, value] of Object.entries({ since: filter.since, until: filter.until, before }))
      if (value !== undefined) query.set(name, String(value))
    const answer = await askControl(control, `/v1/pipelines/${encodeURIComponent(pipeline)}/runs?${query.toString()}`)
    const { runs, next } = (await answer.json()) as { runs: { run: string }[]; next?: string }
    names.push(...runs.map(({ run }) => run))
    before = next
  } while (before !== undefined && names.length < most)
  return names
}
