import { ADMIN } from './users.ts'

/** Where a broker that asks everyone who they are listens. */
export interface KafkaListeners {
  /** By name: for programs, who prove who they are by SCRAM, over TLS. */
  readonly clients: Readonly<Record<string, { readonly bound: string; readonly advertised: string }>>
  /** `host:port` for the broker itself, which proves by its certificate who it is. */
  readonly internal: string
  readonly controller: string
}
export interface KafkaKeys {
  /** PKCS#12, with the broker's key and certificate. */
  readonly keystore: string
  readonly password: string
  /** PEM of the authority that has signed it. */
  readonly ca: string
}

/** Settings of a node, broker and controller in one, that lets in only those it knows, to what is allowed to them. */
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

/** One node, broker and controller in one, for one machine: nothing is replicated. */
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
}

/** Arguments for Kafka's `StorageTool`: who is known from the first start on. */
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
