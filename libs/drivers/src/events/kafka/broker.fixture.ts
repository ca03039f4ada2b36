import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePorts } from '../../free-ports.ts'
import { kafkaBus } from '../kafka.ts'

/** Kafka's jars in the cache of tools/servers. */
const LIBS = globSync(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cairn/servers/kafka-*/libs'))[0]

/** Whether a test can start its own broker. Otherwise such tests are skipped, except under CI, where they must run. */
export const hasBroker = LIBS !== undefined && spawnSync('java', ['-version']).status === 0
if (!hasBroker && process.env['CI'])
  throw new Error('needs Java and Kafka’s jars: node tools/servers/main.ts up --folder <folder>')

/** A broker that one test owns and may stop and kill. */
export class Broker {
  readonly address: string
  readonly #folder: string
  readonly #config: string
  #guard: ChildProcess | undefined
  #pid = 0

  private constructor(folder: string, port: number, controllerPort: number) {
    this.#folder = folder
    this.#config = join(folder, 'server.properties')
    this.address = `127.0.0.1:${port}`
    writeFileSync(this.#config, settings(folder, this.address, `127.0.0.1:${controllerPort}`))
    const id = `--cluster-id=${randomBytes(16).toString('base64url')}` // the id may begin with a dash
    const args = ['kafka.tools.StorageTool', 'format', id, '-c', this.#config]
    const { status, stderr } = spawnSync('java', [...JAVA, ...args], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }

  static async start(): Promise<Broker> {
    const [port, controllerPort] = (await freePorts([undefined, undefined])) as [number, number]
    const broker = new Broker(mkdtempSync(join(tmpdir(), 'cairn-kafka-')), port, controllerPort)
    await broker.start()
    return broker
  }

  /** Starts the broker. Resolves once it answers. */
  async start(): Promise<void> {
    // The shell kills the broker when this process ends for any reason, which closes standard input.
    const script = 'java "$@" > "$LOG" 2>&1 & echo $!; cat > /dev/null; kill -9 $!'
    const args = ['-c', script, 'sh', ...JAVA, 'kafka.Kafka', this.#config]
    const env = { ...process.env, LOG: join(this.#folder, 'server.log') }
    this.#guard = spawn('sh', args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
    const [pid] = (await once(createInterface(this.#guard.stdout!), 'line')) as [string]
    this.#pid = Number(pid)
    const bus = kafkaBus({ brokers: [this.address], clientId: 'test' })
    while (
      !(await bus.probe().then(
        () => true,
        () => false,
      ))
    );
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#pid, signal)
  }

  /** Kills the broker with SIGKILL. */
  async kill(): Promise<void> {
    const guard = this.#guard!
    guard.stdin!.end()
    if (guard.exitCode === null) await once(guard, 'exit')
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const JAVA = ['-Xmx400m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(LIBS ?? '', '*')]

function settings(folder: string, broker: string, controller: string): string {
  return `
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://${broker},CONTROLLER://${controller}
advertised.listeners=PLAINTEXT://${broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@${controller}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
log.dirs=${join(folder, 'data')}
`
}
