import type { ControlOptions } from '@cairn/drivers/store/control'
import { CairnError } from '@cairn/kernel'
import type { Checkup, Finding } from '@cairn/maintenance'
import { progressOf, type Checkups } from '../checkups.ts'
import { getFrom, postTo } from './control-client.ts'

interface ExaminationOptions {
  /** The share of objects whose bytes are read. */
  readonly bytes: number
  readonly repair: boolean
}

/** Has control check the store of its services, part by part. Needs the right to collect. */
export async function examineStore(control: ControlOptions, options: ExaminationOptions): Promise<Checkups> {
  const { pipelines } = await getFrom(control, '/v1/pipelines', {})
  const checkups: Record<string, Checkup> = {}
  for (const pipeline of pipelines) checkups[pipeline] = await examinePipeline(control, pipeline, options)
  return checkups
}

async function examinePipeline(
  control: ControlOptions,
  pipeline: string,
  options: ExaminationOptions,
): Promise<Checkup> {
  const findings: Finding[] = []
  const checked = { runs: 0, checkpoints: 0, objects: 0, bytes: 0, read: 0 }
  const showProgress = progressOf(pipeline)
  let after: Checkup['next']
  do {
    const given = { path: { pipeline }, body: { ...options, ...(after && { after }) } }
    const part = await retryWhileBusy(() =>
      postTo(control, '/v1/pipelines/{pipeline}/examinations', given, { deadline: null }),
    )
    findings.push(...part.findings)
    for (const count of Object.keys(checked) as (keyof typeof checked)[]) checked[count] += part.checked[count]
    after = part.next
    showProgress({ checked })
  } while (after)
  return { findings, checked }
}

/** How long to wait for a running collection of a large store. Milliseconds. */
const MAX_WAIT_MS = 10 * 60_000

/** Retries while control refuses because the same pipeline is being collected or checked. */
async function retryWhileBusy<Result>(ask: () => Promise<Result>): Promise<Result> {
  const since = performance.now()
  for (;;)
    try {
      return await ask()
    } catch (error) {
      const isTaken = error instanceof CairnError && error.code === 'CONFLICT'
      if (!isTaken || performance.now() - since > MAX_WAIT_MS) throw error
    }
}
