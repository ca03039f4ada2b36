import { explore, type Lab } from '@cairn/explore'
import { openPipeline, openProduction } from './open.ts'
import type { GlobalOptions } from './global-options.ts'

export interface LabOptions {
  readonly base?: string | undefined
  readonly atRunCode?: boolean | undefined
}

/** Opens a playground over a production run of the local store or of services. */
export async function openLab(
  name: string | undefined,
  { playground, ...globals }: GlobalOptions,
  { base, atRunCode = false }: LabOptions,
): Promise<Lab> {
  const production = await openProduction(globals)
  const { project, store } = production
  const loaded = await openPipeline(production, name)
  return explore(loaded.pipeline, {
    project,
    loaded,
    atRunCode,
    production: { env: project.env, store },
    ...(globals.on !== undefined && { on: globals.on }),
    ...(base !== undefined && { base }),
    ...(playground !== undefined && { playground }),
  })
}
