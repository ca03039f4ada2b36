import type { AclEntry } from 'kafkajs'
import { stepsOf } from '@cairn/workspace'
import { CairnError, type Pipeline } from '@cairn/kernel'
import { controlTopicOf, NAMES, topicOf } from '@cairn/records'
import { consumerAcls, controlAcls, stageAcls } from './acls.ts'
import { consumerPolicy, controlPolicy, stagePolicy, type EnvironmentBucket, type Policy } from './policies.ts'

/** The administrator, with all rights in Kafka and MinIO, who sets up the environment. */
export const ADMIN = 'admin'

/** A user of Kafka and MinIO. */
export interface User {
  readonly name: string
  /** Its rights in MinIO. */
  readonly policy: Policy
  /** Its rights in Kafka. */
  readonly acls: readonly AclEntry[]
}
/** A consumer, whose groups start with its name. */
export interface Consuming {
  readonly name: string
  readonly pipeline: Pipeline
}
export interface Parts extends EnvironmentBucket {
  readonly pipelines: readonly Pipeline[]
  readonly consumers: readonly Consuming[]
}

/**
 * The users of an environment with minimal rights: control, a stage for each step, consumers.
 *
 * @throws CairnError BAD_PARAMETER for names that would give one user the rights of another
 */
export function usersOf({ pipelines, consumers, ...place }: Parts): User[] {
  const { env } = place
  checkNames(env, pipelines, consumers)
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

/** Reserved names: existing users and topics, and the prefix of topics. */
const TAKEN: ReadonlySet<string> = new Set([ADMIN, 'control', 'cairn'])

function checkNames(env: string, pipelines: readonly Pipeline[], consumers: readonly Consuming[]): void {
  const refuse = (what: string, next: string) => {
    throw new CairnError('BAD_PARAMETER', what, { next })
  }
  if (env.includes('.'))
    refuse(
      `the name of environment ${env} has a dot: in Kafka, control of ${env.split('.')[0]} would also get its rights`,
      `call it ${env.replaceAll('.', '-')}`,
    )
  for (const pipeline of pipelines.map((one) => one.name))
    if (topicOf({ env, pipeline }) === controlTopicOf({ env }))
      refuse(`pipeline ${pipeline} would share the topic for cancelled runs`, 'give it another name')
  const names = new Set<string>()
  for (const { name } of consumers) {
    if (!NAMES.name.fits(name))
      refuse(`"${String(name)}" is not a valid name for a consumer`, 'use lower case and dashes, for example notify-us')
    if (TAKEN.has(name))
      refuse(`a consumer called ${name} would get the rights of another user`, 'give it another name')
    if (names.has(name)) refuse(`two consumers are called ${name}: they would share their rights`, 'rename one of them')
    names.add(name)
  }
}
