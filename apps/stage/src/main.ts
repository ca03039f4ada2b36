import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { pino } from 'pino'
import { openConnection, readConnection } from '@cairn/drivers/connection'
import { controlTopicOf } from '@cairn/records'
import { CairnStrategy, exitOnError, HealthModule, nestLogger, ignoreLogErrors } from '@cairn/stage'
import { stageHealth } from './health.ts'
import { stageHost } from './host.ts'
import { logTasks } from './log.ts'
import { releaseMemory } from './memory.ts'
import { readSettings } from './settings.ts'

const settings = readSettings(process.env)
ignoreLogErrors(process.stdout, process.stderr)
const log = pino(
  { level: settings.logLevel, base: { pipeline: settings.pipeline, step: settings.step } },
  process.stdout,
)
process.once(
  'uncaughtException',
  exitOnError((about, message) => log.fatal(about, message)),
)
process.on('SIGUSR1', () => {}) // otherwise any process of this user could start the debugger
const connection = readConnection()
const connected = await openConnection(connection, {
  redeliverAfter: 50,
  clientId: `${settings.pipeline}.${settings.step}`,
  closeTimeout: settings.graceMs * 0.75, // work that is stopped at half of it can still undo its attempt
  sessionTimeout: settings.sessionMs,
  cache: settings.copies,
  cacheLimit: settings.copiesLimit,
  copiesAreHeld: true, // by the tasks that read them
  log: ({ log: { message, ...rest } }) => log.warn({ kafka: rest }, message),
})
const { bus, store } = connected
const host = stageHost(settings, connection, connected, (task, { message, next }) =>
  log.warn({ task, next }, `left to another host: ${message}`),
)
let stopping = false

await Promise.all([store.checkFormat(), bus.ensureTopics([host.topic, controlTopicOf(connection)])])
const control = await host.listenToControl()
const health = stageHealth(connected, host.machine, () => stopping)
const app = await NestFactory.create(HealthModule.forRoot(health), new FastifyAdapter(), {
  logger: nestLogger(log),
})
app.connectMicroservice({
  strategy: new CairnStrategy({
    env: connection.env,
    bus,
    store,
    engine: {
      handle: (event) => host.engine.handle(event),
      pipeline: settings.pipeline,
      options: {
        group: host.group,
        from: 'beginning',
        concurrency: settings.tasks,
        onReassigned: () => host.engine.forget(),
        onPoison: ({ id, type }, error) => log.error({ event: id, type, err: error }, 'event given up'),
      },
    },
  }),
})
await app.startAllMicroservices()
await app.listen(settings.port, settings.host)
logTasks(log)
log.info({ url: await app.getUrl() }, 'ready')
releaseMemory()

process.once('SIGTERM', () => void shutDown()).once('SIGINT', () => void shutDown())

/** Short work may still end; longer work is stopped, and its events go to another member. */
async function shutDown(): Promise<void> {
  stopping = true
  setTimeout(() => process.exit(1), settings.graceMs).unref()
  log.info('stopping')
  const closed = Promise.allSettled([app.close(), control.close()])
  await Promise.race([closed, new Promise((late) => setTimeout(late, settings.graceMs / 2))])
  host.stop()
  await closed
  await connected.close()
  log.info('stopped')
  process.exit(0)
}
