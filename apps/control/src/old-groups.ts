import { controlTopicOf, topicOf } from '@cairn/records'

/**
 * Whether a consumer group is one that earlier versions of Cairn left behind, as they did at each start: of a process that
 * heard of cancelled runs or followed runs, or of a stage that has gone on under a shorter name.
 */
export function isLeftBehind(env: string, id: string, all: ReadonlySet<string>): boolean {
  if (id.startsWith(`${controlTopicOf({ env })}.cairn.${env}.`)) return true
  const [, pipeline, kind] =
    new RegExp(`^${RegExp.escape(topicOf({ env, pipeline: '' }))}([a-z0-9-]+)\\.(.+)$`).exec(id) ?? []
  if (pipeline === undefined || kind === undefined) return false
  if (kind.startsWith(`cairn.${env}.follower.`) || /^dead\.read-[0-9a-f-]{36}$/.test(kind)) return true
  const stage = `cairn.${env}.${pipeline}.`
  return kind.startsWith(stage) && all.has(`${topicOf({ env, pipeline })}.${kind.slice(stage.length)}`)
}
