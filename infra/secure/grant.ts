import kafkajs, { type AclEntry } from 'kafkajs'
import type { KafkaConnection } from '@cairn/drivers/connection'

/** Grants users their rights in Kafka, in addition to existing rights. */
export async function grantAcls({ brokers, tls, username, password }: KafkaConnection, acl: AclEntry[]): Promise<void> {
  const client = new kafkajs.Kafka({
    brokers: [...brokers],
    clientId: 'cairn-setup',
    logLevel: kafkajs.logLevel.ERROR,
    ...(tls && { ssl: tls.ca === undefined ? true : { ca: [tls.ca] } }),
    ...(username !== undefined && { sasl: { mechanism: 'scram-sha-512', username, password: password ?? '' } }),
  })
  const admin = client.admin()
  await admin.connect()
  try {
    await admin.createAcls({ acl })
  } finally {
    await admin.disconnect()
  }
}
