import type { AclEntry } from 'kafkajs'
import { stepsOf } from '@cairn/embedded'
import type { Pipeline } from '@cairn/kernel/runtime'
import { consumerAcls, controlAcls, stageAcls } from './acls.ts'
import { consumerPolicy, controlPolicy, stagePolicy, type Place, type Policy } from './policies.ts'

/** May do all, in Kafka and in MinIO: sets up what the others find. */
export const ADMIN = 'admin'

/** A service, as Kafka and MinIO know it. */
export interface User {
  readonly name: string
  /** In MinIO. */
  readonly policy: Policy
  /** In Kafka. */
  readonly acls: readonly AclEntry[]
}
/** A consumer, whose groups begin with its name. */
export interface Consuming {
  readonly name: string
  readonly pipeline: Pipeline
}
export interface Parts extends Place {
  readonly pipelines: readonly Pipeline[]
  readonly consumers: readonly Consuming[]
}

/** Each service of an environment with the least that it can work with: control, a stage for each step, consumers. */
export function usersOf({ pipelines, consumers, ...place }: Parts): User[] {
  const { env } = place
  const stages = pipelines.flatMap((pipeline) =>
    [...stepsOf(pipeline).keys()].map((step) => {
      const name = `${pipeline.name}.${step}`
      return { name, policy: stagePolicy(place, pipeline, step), acls: stageAcls(name, env, pipeline, step) }
    }),
  )
  return [
    { name: 'control', policy: controlPolicy(place), acls: controlAcls('control', env) },
    ...stages,
    ...consumers.map(({ name, pipeline }) => ({
      name,
      policy: consumerPolicy(place, pipeline),
      acls: consumerAcls(name, env, pipeline, name),
    })),
  ]
}
