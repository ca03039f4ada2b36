import { join } from 'node:path'
import { CairnError, suggest } from '@cairn/kernel'
import { pipelineNames, type ArtifactStore } from '@cairn/records'
import { pipelineFiles, pipelinesIn, type Project } from './project.ts'

interface Named {
  readonly pipeline: string
  /** `"retention" of "cairn", environments, production` */
  readonly where: string
}
interface Level {
  readonly pipelines?: Readonly<Record<string, unknown>>
  readonly environments?: Readonly<Record<string, Level>>
}

/**
 * Refuses settings for a pipeline that does not exist, because they would have no effect. A pipeline that is no longer
 * in the project may be named while the store has its folder. Checks nothing when a module cannot be loaded.
 *
 * @throws CairnError BAD_DEFINITION with the nearest name
 */
export async function checkNamedPipelines(project: Project, store: Pick<ArtifactStore, 'children'>): Promise<void> {
  const { env, root } = project
  const named = namedFor(project)
  if (named.length === 0) return
  const names = await namesIn(project)
  const unknown = named.filter(({ pipeline }) => !names?.includes(pipeline))
  if (!names || unknown.length === 0) return
  const stored = await pipelineNames(store, env)
  const wrong = unknown.find(({ pipeline }) => !stored.includes(pipeline))
  if (!wrong) return
  const { pipeline, where } = wrong
  throw new CairnError(
    'BAD_DEFINITION',
    `${join(root, 'package.json')}: "pipelines" of ${where} names "${pipeline}", but this pipeline exists ` +
      `neither in the project nor in the store of ${env}`,
    { next: suggest(pipeline, new Set([...names, ...stored]), 'remove it there') },
  )
}

/** Lists the pipelines that settings name, for all environments and for the project's own. */
function namedFor({ retention, concurrency, env }: Project): Named[] {
  return Object.entries({ retention, concurrency }).flatMap(([setting, all]: [string, Level | undefined]) => {
    const where = `"${setting}" of "cairn"`
    const environments = all?.environments ?? {}
    const own = Object.hasOwn(environments, env) ? environments[env] : undefined
    const levels = [[all, where] as const, [own, `${where}, environments, ${env}`] as const]
    return levels.flatMap(([level, place]) =>
      Object.keys(level?.pipelines ?? {}).map((pipeline) => ({ pipeline, where: place })),
    )
  })
}

async function namesIn(project: Project): Promise<string[] | undefined> {
  try {
    const all = await Promise.all(pipelineFiles(project).map((file) => pipelinesIn(file, project)))
    return all.flat().map(({ name }) => name)
  } catch {
    return undefined // loading a pipeline of that module reports the error
  }
}
