/** Where events go that cannot be handled. */
export function deadLettersOf(topic: string): string {
  return `${topic}.dead`
}

/** Kafka's group ids are the cluster's, and a group whose members differ in their topics leaves partitions unread. */
export function groupIdOf(topic: string, group: string): string {
  return `${topic}.${group}`
}
