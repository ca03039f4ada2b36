import kafkajs, { type AclEntry } from 'kafkajs'
import { deadLettersOf, groupIdOf } from '@cairn/drivers/events/kafka'
import { controlTopicOf, topicOf } from '@cairn/records'
import type { Pipeline } from '@cairn/kernel'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

type Operation = 'READ' | 'WRITE' | 'DESCRIBE' | 'CREATE' | 'DELETE'
interface Grant {
  readonly on: 'TOPIC' | 'GROUP'
  readonly name: string
  /** Whether all that begin with the name are meant. */
  readonly prefix?: boolean
  readonly may: readonly Operation[]
}

/**
 * What the stage of a step may do: hear and tell the events of its pipeline, and hear of cancelled runs. An event is a
 * hint: what it says of another stage's work counts only if that stage's record says so.
 */
export function stageAcls(user: string, env: string, { graph }: Pipeline, step: string): AclEntry[] {
  const topic = topicOf({ env, pipeline: graph.name })
  const control = controlTopicOf({ env })
  const formerly = `cairn.${env}.${graph.name}.${step}`
  return entries(user, [
    { on: 'TOPIC', name: topic, may: ['READ', 'WRITE'] },
    { on: 'TOPIC', name: deadLettersOf(topic), may: ['WRITE'] },
    { on: 'TOPIC', name: control, may: ['READ'] },
    // Looked for at the start, like every topic's; nothing is told there.
    { on: 'TOPIC', name: deadLettersOf(control), may: ['DESCRIBE'] },
    { on: 'GROUP', name: groupIdOf(topic, step), may: ['READ'] },
    // What the group was called by earlier versions: it goes on where that was.
    { on: 'GROUP', name: groupIdOf(topic, formerly), may: ['DESCRIBE'] },
  ])
}

/** What the control service may do: all within its environment. */
export function controlAcls(user: string, env: string): AclEntry[] {
  const name = topicOf({ env, pipeline: '' })
  return entries(user, [
    { on: 'TOPIC', name, prefix: true, may: ['READ', 'WRITE', 'CREATE'] },
    { on: 'GROUP', name, prefix: true, may: ['READ', 'DELETE'] },
  ])
}

/** What a consumer of one pipeline may do: hear its events, in groups of its own name. */
export function consumerAcls(user: string, env: string, { graph }: Pipeline, group: string): AclEntry[] {
  const topic = topicOf({ env, pipeline: graph.name })
  return entries(user, [
    { on: 'TOPIC', name: topic, may: ['READ'] },
    { on: 'TOPIC', name: deadLettersOf(topic), may: ['WRITE'] },
    { on: 'GROUP', name: groupIdOf(topic, `${group}.`), prefix: true, may: ['READ'] },
  ])
}

/** Reading and writing allow describing. */
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
