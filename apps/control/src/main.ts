import 'reflect-metadata'
import { fileURLToPath } from 'node:url'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { pino } from 'pino'
import { openConnection, readConnection } from '@cairn/drivers/connection'
import { identityOf, planSignersOf } from '@cairn/drivers/identity'
import { thisProcess } from '@cairn/drivers/process-id'
import { findProject } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { controlTopicOf, systemClock, topicOf } from '@cairn/records'
import { exitOnError, nestLogger, checkResult, ignoreLogErrors } from '@cairn/stage'
import { Champions } from './champions.ts'
import { Collector } from './collector.ts'
import { Control } from './control.ts'
import type { ControlHost } from './control-host.ts'
import { ControlModule } from './control.module.ts'
import { DeadLetterBox } from './dead-letters.ts'
import { documentOf, methodsOf } from './document.ts'
import { fastifyOptions, addRequestChecks } from './request-checks.ts'
import { Examiner } from './examiner.ts'
import { Follower } from './follower.ts'
import { KnownPipelines } from './known-pipelines.ts'
import { Limits } from './limits.ts'
import { MissingStages } from './missing-stages.ts'
import { ProjectPipelines } from './project-pipelines.ts'
import { Planners } from './planners.ts'
import { RunQueue } from './run-queue.ts'
import { readSettings } from './settings.ts'
import { Reconciler } from './reconciler.ts'
import { sweepEvery } from './sweeping.ts'
import { tokensIn } from './tokens.ts'
import { PipelineLocks } from './pipeline-locks.ts'
import { PlanSigning } from './plan-signing.ts'

/** Maximum time of a shutdown, in milliseconds. */
const GRACE_MS = 10_000
/** Maximum silence for followers after a broker died. Milliseconds. */
const SESSION_MS = 10_000
const PLANNER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './planner-main.ts' : './planner.js', import.meta.url),
)

const settings = readSettings(process.env)
ignoreLogErrors(process.stdout, process.stderr)
const log = pino({ level: settings.logLevel, base: { service: 'control' } }, process.stdout)
process.once(
  'uncaughtException',
  exitOnError((about, message) => log.fatal(about, message)),
)
process.on('SIGUSR1', () => {}) // otherwise any process of this user could start the debugger
const planSigning = planSigningFrom(process.env)
const connection = readConnection()
const { env } = connection
const connected = await openConnection(connection, {
  redeliverAfter: 50,
  clientId: 'cairn-control',
  sessionTimeout: SESSION_MS,
  log: ({ log: { message, ...rest } }) => log.warn({ kafka: rest }, message),
})
const { bus, store } = connected
await Promise.all([store.probe(), bus.ensureTopics([controlTopicOf(connection)])])

const planners = new Planners({ main: PLANNER, concurrency: settings.planners, waiting: settings.planQueue })
const project = { root: settings.root, connection }
const checkSettings = async (pipeline: string) => {
  await planners.ask({ ...project, pipeline, settings: true })
}
const host: ControlHost = {
  env,
  store,
  bus,
  clock: systemClock,
  name: thisProcess,
  planSigning,
  checkSettings,
  prepare: (pipeline) => bus.ensureTopics([topicOf({ env, pipeline })]),
  plan: (pipeline, request, show) => planners.ask({ ...project, pipeline, request, ...(show && { show }) }),
}
const adoption = () => findProject(settings.root).adoption
const champions = new Champions({
  ...host,
  adoption,
  async brokenExpectations(pipeline, run, champion) {
    const { broken } = await planners.ask({ ...project, pipeline, run, champion })
    return broken
  },
})
const projectPipelines = new ProjectPipelines(async (pipeline) => {
  await planners.ask({ ...project, pipeline, exists: true })
})
const pipelines = new KnownPipelines({ env, store, project: projectPipelines })
const queue = new RunQueue(host, {
  concurrency: () => findProject(settings.root).concurrency,
  checkSettings: () => checkSettings('the limits of concurrent runs'),
  requirePipeline: (pipeline) => projectPipelines.require(pipeline),
  onFailure: (path, error) => log.error({ path, err: error }, 'could not check whether queued runs can start'),
})
const follower = new Follower(host, queue)
const reconciler = new Reconciler(host, champions, queue, {
  lostAfterMs: settings.lostAfterMs,
  onRepair: (run, what) => log.warn({ run }, what),
  onFailure: (folder, error) => log.error({ folder, err: error }, 'could not check a run'),
})
const isOver = (pipeline: string, run: string) => reconciler.isOver(pipeline, run)
const openRuns = (pipeline: string) => reconciler.openRuns(pipeline)
const missingStages = new MissingStages({ env, store, bus, planSigning, queue, isOver, openRuns })
const tokens = tokensIn(settings.tokens, (fault) =>
  log.error({ fault }, 'the tokens cannot be read; the previous ones stay valid'),
)
const locks = new PipelineLocks({ env, store, clock: systemClock, name: thisProcess })
const collector = new Collector({
  env,
  store,
  clock: systemClock,
  name: thisProcess,
  locks,
  checkSettings,
  planSigning,
  retention: () => findProject(settings.root).retention,
  onCollected: (pipeline, { runs, ...report }) => log.info({ pipeline, runs: runs.length, ...report }, 'collected'),
  onFailure: (pipeline, error) => log.error({ pipeline, err: error }, 'the collection failed'),
})
const health = {
  live: async () => ({ process: 'ok' }),
  ready: async () => {
    const [events, objects] = await Promise.all([checkResult(bus.probe()), checkResult(store.stat('store.json'))])
    return { events, store: objects, tokens: tokens.isBroken() ? 'the file cannot be read; see the log' : 'ok' }
  },
}

const app = await NestFactory.create<NestFastifyApplication>(
  ControlModule.forRoot({
    control: new Control(host, queue, missingStages),
    champions,
    adoption,
    follower,
    deadLetters: new DeadLetterBox({ env, store, bus }),
    tokens,
    pipelines,
    allowedMethods: (path) => methodsOf(document, path),
    checkup: { env, store, bus, missingStages },
    collector,
    examiner: new Examiner({
      env,
      store,
      clock: systemClock,
      locks,
      planSigning,
      adoption,
      onRepair: (pipeline) => reconciler.forget(pipeline),
    }),
    health,
  }),
  new FastifyAdapter(fastifyOptions),
  { logger: nestLogger(log), bodyParser: false },
)
const fastify = app.getHttpAdapter().getInstance()
addRequestChecks(app, { ...settings, tokens, limits: new Limits(settings.tokenLimits) })
const document = documentOf(app)
fastify.get('/v1/openapi.json', (_, reply) => reply.send(document))
await app.listen(settings.port, settings.host)
const queueStop = new AbortController()
const queueLoop = queue.watch(settings.sweepMs, queueStop.signal)
const sweeps = [
  queueStop,
  sweepEvery(settings.sweepMs, reconciler, (error) => log.warn({ err: error }, 'the sweep failed')),
  sweepEvery(settings.collectMs, collector, (error) => log.warn({ err: error }, 'the collection failed')),
]
log.info({ url: await app.getUrl() }, 'ready')

process.once('SIGTERM', () => void shutDown()).once('SIGINT', () => void shutDown())

/** The identity that this process signs plans with, and the other signers that it accepts. */
function planSigningFrom(env: NodeJS.ProcessEnv): PlanSigning {
  const identity = identityOf(env)
  if (identity) return new PlanSigning(identity, env['CAIRN_PLANS_BY'] ? planSignersOf(env) : {})
  throw new CairnError('BAD_PARAMETER', 'control has no key to sign plans with, and stages only run signed plans', {
    next: 'openssl genpkey -algorithm ed25519 -out control.pem; CAIRN_IDENTITY=control CAIRN_SIGNING_KEY=control.pem',
  })
}

async function shutDown(): Promise<void> {
  setTimeout(() => process.exit(1), GRACE_MS).unref()
  log.info('stopping')
  for (const sweep of sweeps) sweep.abort()
  locks.stop()
  planners.close()
  await follower.close()
  await app.close()
  await queueLoop
  await connected.close()
  log.info('stopped')
  process.exit(0)
}
