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
 * in the project may be named while the store has its folder.
 *
 * @throws CairnError BAD_DEFINITION with the nearest name, or with the module that cannot be loaded and might have it
 */
export async function checkNamedPipelines(project: Project, store: Pick<ArtifactStore, 'children'>): Promise<void> {
  const { env, root } = project
  const named = namedFor(project)
  if (named.length === 0) return
  const { names, failure } = await namesIn(project)
  const unknown = named.filter(({ pipeline }) => !names.includes(pipeline))
  if (unknown.length === 0) return
  const stored = await pipelineNames(store, env)
  const wrong = unknown.find(({ pipeline }) => !stored.includes(pipeline))
  if (!wrong) return
  const { pipeline, where } = wrong
  if (failure)
    throw new CairnError(
      'BAD_DEFINITION',
      `${join(root, 'package.json')}: "pipelines" of ${where} names "${pipeline}", which may be in a module that ` +
        `cannot be loaded: ${failure.message}`,
      { cause: failure, next: 'correct the module: cairn lint' },
    )
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

/** The pipelines of all modules that can be loaded, and why another one cannot. */
async function namesIn(project: Project): Promise<{ names: string[]; failure: Error | undefined }> {
  const all = await Promise.allSettled(pipelineFiles(project).map((file) => pipelinesIn(file, project)))
  const failed = all.find(({ status }) => status === 'rejected')
  return {
    names: all.flatMap((found) => (found.status === 'fulfilled' ? found.value.map(({ name }) => name) : [])),
    failure: failed && (failed as PromiseRejectedResult).reason,
  }
}
