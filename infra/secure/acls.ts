import kafkajs, { type AclEntry } from 'kafkajs'
import { deadLettersOf, groupIdOf } from '@cairn/drivers/events/kafka'
import { controlTopicOf, topicOf } from '@cairn/records'
import type { Pipeline } from '@cairn/kernel'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

type Operation = 'READ' | 'WRITE' | 'DESCRIBE' | 'CREATE' | 'DELETE'
interface Grant {
  readonly on: 'TOPIC' | 'GROUP'
  readonly name: string
  /** Whether the name is a prefix. */
  readonly prefix?: boolean
  readonly may: readonly Operation[]
}

/**
 * The rights of a step's stage: read and write the events of its pipeline, and read cancellations. An event is only a
 * hint: what it says about another stage's work counts only if that stage's record says the same.
 */
export function stageAcls(user: string, env: string, { graph }: Pipeline, step: string): AclEntry[] {
  const topic = topicOf({ env, pipeline: graph.name })
  const control = controlTopicOf({ env })
  return entries(user, [
    { on: 'TOPIC', name: topic, may: ['READ', 'WRITE'] },
    { on: 'TOPIC', name: deadLettersOf(topic), may: ['WRITE'] },
    { on: 'TOPIC', name: control, may: ['READ'] },
    // Read at the start, like every topic; stages write nothing there.
    { on: 'TOPIC', name: deadLettersOf(control), may: ['DESCRIBE'] },
    { on: 'GROUP', name: groupIdOf(topic, step), may: ['READ'] },
  ])
}

/** The rights of the control service: everything within its environment. */
export function controlAcls(user: string, env: string): AclEntry[] {
  const name = topicOf({ env, pipeline: '' })
  return entries(user, [
    { on: 'TOPIC', name, prefix: true, may: ['READ', 'WRITE', 'CREATE'] },
    { on: 'GROUP', name, prefix: true, may: ['READ', 'DELETE'] },
  ])
}

/** The rights of a consumer of one pipeline: read its events, in groups of its own name. */
export function consumerAcls(user: string, env: string, { graph }: Pipeline, group: string): AclEntry[] {
  const topic = topicOf({ env, pipeline: graph.name })
  return entries(user, [
    { on: 'TOPIC', name: topic, may: ['READ'] },
    { on: 'TOPIC', name: deadLettersOf(topic), may: ['WRITE'] },
    { on: 'GROUP', name: groupIdOf(topic, `${group}.`), prefix: true, may: ['READ'] },
  ])
}

/** The rights to read and to write include describing. */
function entries(user: string, grants: readonly Grant[]): AclEntry[] {
  return grants.flatMap(({ on, name, prefix = false, may }) =>
    may.map((operation) => ({
      principal: `User:${user}`,
      host: '*',
      permissionType: AclPermissionTypes.ALLOW,
      operation: AclOperationTypes[operation],
      resourceType: AclResourceTypes[on],
      resourceName: name,
      resourcePatternType: prefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    })),
  )
}
