import { controlTopicOf, topicOf } from '@cairn/records'

/**
 * Whether earlier versions of Cairn left a consumer group behind, as they did at each start: the group of a process that
 * received cancellations or followed runs, or of a stage that now has a shorter group name.
 */
export function isObsoleteGroup(env: string, id: string, all: ReadonlySet<string>): boolean {
  if (id.startsWith(`${controlTopicOf({ env })}.cairn.${env}.`)) return true
  const topics = topicOf({ env, pipeline: '' })
  const [, pipeline, kind] = (id.startsWith(topics) && /^([a-z0-9-]+)\.(.+)$/.exec(id.slice(topics.length))) || []
  if (pipeline === undefined || kind === undefined) return false
  if (kind.startsWith(`cairn.${env}.follower.`) || /^dead\.read-[0-9a-f-]{36}$/.test(kind)) return true
  const stage = `cairn.${env}.${pipeline}.`
  return kind.startsWith(stage) && all.has(`${topicOf({ env, pipeline })}.${kind.slice(stage.length)}`)
}
