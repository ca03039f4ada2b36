import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaAnswers } from '@cairn/drivers/servers-answer'
import { CairnError } from '@cairn/kernel'
import { build, inCache, type Program, type Tool } from './programs.ts'
import type { Launch } from './server-process.ts'

export const KAFKA_VERSION = '4.1.0'
export const JAVA: Tool = { name: 'Java 17 or later', check: ['java', '-version'], package: 'openjdk-17-jre-headless' }
const MAVEN: Tool = { name: 'Maven', check: ['mvn', '--version'], package: 'maven' }

/** Kafka's released jars, fetched by Maven: the server and its command line tools. */
export const KAFKA: Program = {
  name: `Kafka ${KAFKA_VERSION}`,
  folder: inCache(`kafka-${KAFKA_VERSION}-tools`),
  needs: [JAVA, MAVEN],
  async make(folder, note) {
    writeFileSync(join(folder, 'pom.xml'), POM)
    writeFileSync(join(folder, 'log4j2.properties'), LOGGING)
    const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
    const args = ['--batch-mode', '--strict-checksums', copy, '-DoutputDirectory=libs']
    await build(KAFKA.name, ['mvn', ...args], { cwd: folder }, note)
  },
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>cairn</groupId>
  <artifactId>kafka-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>${KAFKA_VERSION}</version>
      <exclusions>
        <!-- of tools other than those that are offered here -->
        <exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>
      </exclusions>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
`
const LOGGING = `appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
`

/** One combined broker and controller for tests and local development, without replication. */
export function kafkaSettings(listeners: string, advertised: string, voter: string): Record<string, string | number> {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners,
    'advertised.listeners': advertised,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@${voter}`,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // Longer than topics keep their events, so that a group that was away finds its position as long as there are any.
    'offsets.retention.minutes': 30 * 24 * 60,
    // A group starts at once, and continues a second after a member died if the member requested that.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'log.cleaner.dedupe.buffer.size': 16 << 20,
  }
}

/**
 * Prepares Kafka's folder; its program must be installed.
 *
 * @throws CairnError BAD_PARAMETER for a folder with a comma in its path, which separates folders in Kafka's settings
 */
export function kafkaServer(folder: string, port: number, controllerPort: number): Launch {
  const data = join(folder, 'data')
  if (data.includes(','))
    throw new CairnError('BAD_PARAMETER', `Kafka cannot keep data in ${data}, because the path contains a comma`, {
      next: 'move the project to a folder without one',
    })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const config = join(folder, 'server.properties')
  const [broker, controller] = [`127.0.0.1:${port}`, `127.0.0.1:${controllerPort}`]
  const listeners = `PLAINTEXT://${broker},CONTROLLER://${controller}`
  const settings = { ...kafkaSettings(listeners, `PLAINTEXT://${broker}`, controller), 'log.dirs': data }
  writeFileSync(
    config,
    Object.entries<string | number>(settings)
      .map(([name, value]) => `${name}=${escaped(String(value))}\n`)
      .join(''),
  )
  if (!existsSync(join(data, 'meta.properties'))) format(config)
  return {
    name: KAFKA.name,
    program: 'java',
    args: [`-Dlog4j2.configurationFile=${join(KAFKA.folder, 'log4j2.properties')}`, ...java('kafka.Kafka'), config],
    env: UTF_8,
    log: join(folder, 'server.log'),
    isReady: () => kafkaAnswers(broker),
  }
}

/** Without it, Java cannot open paths with letters beyond ASCII where no locale is set. */
const UTF_8 = { LC_ALL: 'C.UTF-8' }

/** A value in a file of Java properties, which is read as Latin-1. */
function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function format(config: string): void {
  const clusterId = `--cluster-id=${randomBytes(16).toString('base64url')}` // the id may start with a dash
  const args = [...java('kafka.tools.StorageTool'), 'format', clusterId, '--config', config]
  const { status, stderr, stdout, error } = spawnSync('java', args, {
    encoding: 'utf8',
    timeout: FORMAT_MS,
    env: { ...process.env, ...UTF_8 },
  })
  if (status === 0) return
  const isLate = error !== undefined && 'code' in error && error.code === 'ETIMEDOUT'
  const reason = isLate ? `not done after ${FORMAT_MS / 1000} s` : (stderr || stdout || (error?.message ?? '')).trim()
  throw new CairnError('NOT_FOUND', `${KAFKA.name} could not prepare its folder: ${reason}`, {
    next: isLate
      ? 'the machine is very busy: try again'
      : `check that java -version prints 17 or later; if it does, delete ${KAFKA.folder} and try again`,
  })
}
/** Formatting takes seconds, or a minute on a busy machine. */
const FORMAT_MS = 300_000

/** Kafka's tool for consumer groups, connected to a broker; callers add arguments. */
export function consumerGroupsTool(broker: string): Command {
  const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
  return ['java', ...java(tool), '--bootstrap-server', broker]
}
export type Command = readonly [program: string, ...args: string[]]

/** Uses little memory, and prefers a quick start to later speed. */
function java(main: string): string[] {
  const classes = join(KAFKA.folder, 'libs', '*')
  return ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classes, main]
}
