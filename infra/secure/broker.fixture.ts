import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KafkaConnection } from '@cairn/drivers/connection'
import { kafkaBus } from '@cairn/drivers/events/kafka'
import { freePorts } from '@cairn/drivers/free-ports'
import { KAFKA } from '@cairn/tools/servers/kafka'
import { stopProcess } from '@cairn/drivers/stop-process'
import { launch, untilReady } from '@cairn/tools/servers/server-process'
import { asProperties, formatArguments, secureKafka, singleNode } from './kafka.ts'
import { ADMIN } from './users.ts'

const JAVA = ['-Xmx400m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(KAFKA.folder, 'libs', '*')]

/** A broker with these users, configured as for Compose. */
export async function secureBroker(folder: string, passwords: Readonly<Record<string, string>>) {
  mkdirSync(folder, { recursive: true })
  execFileSync('sh', [join(import.meta.dirname, 'certificates.sh'), folder], { stdio: 'pipe' })
  const [client, internal, controller] = await freePorts([undefined, undefined, undefined])
  const address = `127.0.0.1:${client}`
  const settings = secureKafka(
    {
      clients: { CLIENTS: { bound: address, advertised: address } },
      internal: `127.0.0.1:${internal}`,
      controller: `127.0.0.1:${controller}`,
    },
    {
      keystore: join(folder, 'kafka.p12'),
      password: readFileSync(join(folder, 'kafka.p12.password'), 'utf8'),
      ca: join(folder, 'ca.pem'),
    },
  )
  const config = join(folder, 'server.properties')
  writeFileSync(config, asProperties({ ...singleNode, ...settings, 'log.dirs': join(folder, 'data') }))
  const format = formatArguments('cairn-cairn-cairn-cairg', passwords)
  const { status, stderr } = spawnSync('java', [...JAVA, 'kafka.tools.StorageTool', ...format, '--config', config], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)

  const tls = { ca: readFileSync(join(folder, 'ca.pem'), 'utf8') }
  const connectionOf = (username: string): KafkaConnection => ({
    brokers: [address],
    tls,
    username,
    password: passwords[username] ?? '',
  })
  const server = {
    name: 'Kafka',
    program: 'java',
    args: [`-Dlog4j2.configurationFile=${join(KAFKA.folder, 'log4j2.properties')}`, ...JAVA, 'kafka.Kafka', config],
    log: join(folder, 'server.log'),
    isReady: () => answers(connectionOf(ADMIN)),
  }
  const running = launch(server)
  await untilReady(server, running, 300_000)
  return { connectionOf, address, tls, stop: () => stopProcess(running) }
}

async function answers({ brokers, tls, username = '', password = '' }: KafkaConnection): Promise<boolean> {
  const sasl = { mechanism: 'scram-sha-512', username, password } as const
  const bus = kafkaBus({ brokers, clientId: 'test', ssl: { ca: [tls!.ca!] }, sasl })
  return bus.probe().then(
    () => true,
    () => false,
  )
}
