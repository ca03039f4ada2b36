import { ADMIN } from './users.ts'

/** The addresses of a broker that authenticates everyone. */
export interface KafkaListeners {
  /** For programs, by name: they authenticate by SCRAM over TLS. */
  readonly clients: Readonly<Record<string, { readonly bound: string; readonly advertised: string }>>
  /** `host:port` for the broker itself, which authenticates by its certificate. */
  readonly internal: string
  readonly controller: string
}
export interface KafkaKeys {
  /** PKCS#12, with the broker's key and certificate. */
  readonly keystore: string
  readonly password: string
  /** PEM of the authority that signed it. */
  readonly ca: string
}

/** Settings of a combined broker and controller that only admits known users with their rights. */
export function secureKafka(listeners: KafkaListeners, keys: KafkaKeys): Record<string, string> {
  const { clients, internal, controller } = listeners
  const names = Object.keys(clients)
  const listen = (which: 'bound' | 'advertised') => names.map((name) => `${name}://${clients[name]![which]}`)
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return {
    listeners: [...listen('bound'), `INTERNAL://${internal}`, `CONTROLLER://${controller}`].join(),
    'advertised.listeners': [...listen('advertised'), `INTERNAL://${internal}`].join(),
    'listener.security.protocol.map': [
      ...names.map((name) => `${name}:SASL_SSL`),
      'INTERNAL:SSL',
      'CONTROLLER:SSL',
    ].join(),
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@${controller}`,
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    ...Object.fromEntries(
      names.map((name) => [`listener.name.${name.toLowerCase()}.scram-sha-512.sasl.jaas.config`, scram]),
    ),
    'listener.name.internal.ssl.client.auth': 'required',
    'listener.name.controller.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keys.keystore,
    'ssl.keystore.password': keys.password,
    'ssl.key.password': keys.password,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': keys.ca,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    'super.users': `User:CN=kafka;User:${ADMIN}`,
  }
}

/** One combined broker and controller on one machine, without replication. */
export const singleNode = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  // Longer than topics keep their events.
  'offsets.retention.minutes': 30 * 24 * 60,
}

/** Arguments for Kafka's `StorageTool`: the users that exist from the first start. */
export function formatArguments(clusterId: string, passwords: Readonly<Record<string, string>>): string[] {
  const users = Object.entries(passwords).map(([name, password]) => `SCRAM-SHA-512=[name=${name},password=${password}]`)
  return [
    'format',
    '--ignore-formatted',
    `--cluster-id=${clusterId}`,
    ...users.flatMap((user) => ['--add-scram', user]),
  ]
}

/** As Kafka reads it: https://docs.oracle.com/javase/8/docs/api/java/util/Properties.html#load-java.io.Reader- */
export function asProperties(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}\n`)
    .join('')
}
