import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { Client } from 'minio'
import { median, seconds, temporaryFolder, time, type Figure } from '../lab.ts'
import { megabytes, type Size } from './figures.ts'
import type { Running, ServicesLab } from './lab.ts'

const LEAST_SHARE = 0.7
const PIPELINE = 'large'

/** From the making step's return to the moment when the taking step can read: on two machines, as far as files go. */
export async function handOver(
  lab: ServicesLab,
  { mebibytes, repeat }: Size,
  note: (line: string) => void,
): Promise<Figure[]> {
  const scratch = (name: string) => ({ CAIRN_SCRATCH: join(lab.project.root, name) })
  const stages = await Promise.all([
    lab.startStage(PIPELINE, 'make', scratch('there')),
    lab.startStage(PIPELINE, 'take', scratch('elsewhere')),
  ])
  const folder = temporaryFolder()
  const file = join(folder, 'made')
  await writePieces(file, mebibytes)
  const mc = mcAt(folder)
  const found = {
    cairn: [] as number[],
    client: [] as number[],
    mc: [] as number[],
    storing: [] as number[],
    memory: [] as number[],
  }
  for (let round = 0; round < repeat; round++) {
    const { ms, storing, memory } = await byCairn(lab, stages, mebibytes, round)
    found.cairn.push(ms)
    found.memory.push(memory)
    found.storing.push(storing)
    found.client.push(await byClient(lab, file, folder, round))
    if (mc) found.mc.push(await byMc(mc, lab, file, folder, round))
  }
  await Promise.all(stages.map((stage) => stage.stop()))
  if (!mc)
    note(
      '`mc` is not at hand (neither a program on PATH nor the image quay.io/minio/mc), so that its figure is missing.',
    )
  note(
    `Of the ${seconds(median(found.cairn))} of a hand-over, ${seconds(median(found.storing))} go by until the making task ` +
      'has ended (its file hashed, then sent in parts), and the rest in fetching it, hashed meanwhile.',
  )
  const rate = (ms: readonly number[]) => (mebibytes * 1.048576 * 1000) / median(ms)
  const against = (what: string, floor: readonly number[], aim: boolean): Figure => {
    const share = rate(found.cairn) / rate(floor)
    return {
      what: `${mebibytes} MiB handed over, hashed on both sides; floor: up and down by ${what}`,
      cairn: `${rate(found.cairn).toFixed(0)} MB/s`,
      floor: `${rate(floor).toFixed(0)} MB/s`,
      ratio: share,
      aim: aim ? `>= ${LEAST_SHARE}x` : '',
      met: !aim || share >= LEAST_SHARE,
    }
  }
  return [
    ...(mc ? [against('`mc cp`', found.mc, true)] : []),
    against('the `minio` client', found.client, false),
    {
      what: `the most memory of both stages and their computing processes meanwhile`,
      cairn: megabytes(median(found.memory)),
      floor: '',
      aim: '',
      met: true,
    },
  ]
}

async function byCairn(lab: ServicesLab, stages: readonly Running[], mebibytes: number, round: number) {
  const [make, take] = stages as [Running, Running]
  const from = [make.log.length, take.log.length]
  let memory = 0
  const look = setInterval(() => (memory = Math.max(memory, make.memory + take.memory)), 500)
  await lab.submit(await lab.plan(PIPELINE, { seed: round, mebibytes }))
  const at = async (stage: Running, word: string, from: number) =>
    Number(/ at (\d+)/.exec(await stage.line(`${word} at`, from))![1])
  const [made, taken] = [await at(make, 'made', from[0]!), await at(take, 'taken', from[1]!)]
  clearInterval(look)
  const stored = Number(/"time":(\d+)/.exec(await make.line('task ended', from[0]))![1])
  await take.line('task ended', from[1])
  return { ms: taken - made, storing: stored - made, memory }
}

async function byClient(lab: ServicesLab, file: string, folder: string, round: number): Promise<number> {
  const { endpoint, accessKey, secretKey, bucket } = lab.connection.s3
  const { hostname, port } = new URL(endpoint)
  const transportAgent = new Agent({ keepAlive: true })
  const settings = { endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, transportAgent }
  const client = new Client({ ...settings, region: 'us-east-1' })
  const started = performance.now()
  await client.fPutObject(bucket, `floor/client-${round}`, file)
  await client.fGetObject(bucket, `floor/client-${round}`, join(folder, 'down'))
  const ms = performance.now() - started
  transportAgent.destroy()
  rmSync(join(folder, 'down'))
  await client.removeObject(bucket, `floor/client-${round}`)
  return ms
}

async function byMc(mc: string, lab: ServicesLab, file: string, folder: string, round: number): Promise<number> {
  const { endpoint, accessKey, secretKey, bucket } = lab.connection.s3
  const object = `bench/${bucket}/floor/mc-${round}`
  const { protocol, host } = new URL(endpoint)
  const env = {
    MC_HOST_bench: `${protocol}//${accessKey}:${secretKey}@${host}`,
    MC_CONFIG_DIR: join(folder, 'mc-config'),
  }
  const run = (...args: string[]) => time({ program: mc, args: ['--quiet', ...args], cwd: folder, env })
  const up = await run('cp', file, object)
  const down = await run('cp', object, join(folder, 'down'))
  rmSync(join(folder, 'down'))
  await run('rm', object)
  return up.ms + down.ms
}

/** The program, from wherever it can be had. */
function mcAt(folder: string): string | undefined {
  const taken = join(folder, 'mc')
  const places = ['mc', join(homedir(), 'go/bin/mc'), taken]
  let found: string | undefined
  for (const place of places) {
    if (place === taken) takeFromImage(taken)
    if (/RELEASE|DEVELOPMENT/.test(spawnSync(place, ['--version'], { encoding: 'utf8' }).stdout ?? '')) found ??= place
  }
  return found
}

function takeFromImage(file: string): void {
  const docker = (...args: string[]) => spawnSync('docker', args, { encoding: 'utf8', timeout: 20_000 })
  const { status, stdout } = docker('create', '--pull', 'never', 'quay.io/minio/mc')
  if (status !== 0) return
  docker('cp', `${stdout.trim()}:/usr/bin/mc`, file)
  docker('rm', stdout.trim())
}

async function writePieces(file: string, mebibytes: number): Promise<void> {
  const piece = Buffer.alloc(1 << 20, 'x')
  const made = createWriteStream(file)
  for (let index = 0; index < mebibytes; index++) {
    piece.writeInt32LE(index, 0)
    if (!made.write(Buffer.from(piece))) await once(made, 'drain')
  }
  made.end()
  await finished(made)
}
