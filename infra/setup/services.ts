import { readFileSync } from 'node:fs'
import { openConnection, type Connection } from '@cairn/drivers/connection'
import { controlTopicOf, topicOf } from '@cairn/records'
import { grantAcls } from '../secure/grant.ts'
import { grantPolicies } from '../secure/minio.ts'
import { usersOf } from '../secure/users.ts'
import type { Setup } from './settings.ts'

/** Creates the bucket, the topics and the rights of users. May be repeated. */
export async function prepareServices(setup: Setup, connection: Connection, report: (line: string) => void) {
  const { env } = connection
  const connected = await openConnection(connection, { clientId: 'cairn-setup', cache: '/tmp/objects' })
  const { bus, store } = connected
  const { pipelines, consumers, isSecure } = setup
  const topics = [controlTopicOf({ env }), ...pipelines.map(({ name }) => topicOf({ env, pipeline: name }))]
  await store.ensureBucket()
  await store.probe()
  report(`bucket ${connection.s3.bucket} exists and supports conditional writes`)
  await bus.ensureTopics(topics)
  report(`topics exist: ${topics.join(', ')}`)
  if (isSecure) {
    const users = usersOf({ bucket: connection.s3.bucket, env, pipelines, consumers })
    const passwords = JSON.parse(readFileSync('/run/cairn/passwords.json', 'utf8')) as Record<string, string>
    await grantPolicies(connection.s3, users, (name) => passwords[name]!)
    await grantAcls(
      connection.kafka,
      users.flatMap(({ acls }) => acls),
    )
    report(`${users.length} users have exactly the rights that they need`)
  }
  await connected.close()
}
