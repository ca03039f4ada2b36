/** Returns the topic for events that could not be handled. */
export function deadLettersOf(topic: string): string {
  return `${topic}.dead`
}

/**
 * Returns the Kafka group id of a group of a topic. Group ids are shared by the whole cluster, and if the members of
 * one group subscribe to different topics, some partitions are not read.
 */
export function groupIdOf(topic: string, group: string): string {
  return `${topic}.${group}`
}
