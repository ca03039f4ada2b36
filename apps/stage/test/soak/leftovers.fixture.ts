import { existsSync, globSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { leftovers } from '@cairn/drivers/store/folder-leftovers'
import { STEPS, type World } from '../faults/world.fixture.ts'

const LOOK_MS = 2_000

export interface Places {
  /** Scratch folder of the stages. */
  readonly scratch: string
  /** Folder for temporary files of the stages and control. */
  readonly temporary: string
  /** Data folder of MinIO. */
  readonly data: string
}

/** Names of groups and topics on the brokers. */
export interface Known {
  readonly groups: string[]
  readonly topics: readonly string[]
}

export async function knownTo({ kafka }: World): Promise<Known> {
  const [groups, topics] = await Promise.all([kafka.groups(), kafka.topics()])
  return { groups: groups.sort(), topics: topics.sort() }
}

/** Lists everything that is left behind after all work has ended: groups, topics, files and records. */
export async function leftBehind(world: World, before: Known, places: Places, patienceMs: number): Promise<string[]> {
  const now = await knownTo(world)
  const dead = `${world.topic}.dead`
  return [
    ...added('consumer group', before.groups, now.groups),
    ...added('consumer group that is gone', now.groups, before.groups),
    ...added('topic', [...before.topics, dead], now.topics),
    ...(await ofServices(world, patienceMs)),
    ...(await ofDisks(world, places, patienceMs)),
    ...(await lasting(() => inStore(world), patienceMs)),
  ]
}

/** Repeats `look` until it finds nothing, because control may be collecting. Returns the last findings. */
async function lasting(look: () => Promise<string[]>, patienceMs: number): Promise<string[]> {
  let found = await look()
  for (let waited = 0; waited < patienceMs && found.length > 0; waited += LOOK_MS) {
    await sleep(LOOK_MS)
    found = await look()
  }
  return found
}

function added(what: string, before: readonly string[], now: readonly string[]): string[] {
  const known = new Set(before)
  return now.filter((name) => !known.has(name)).map((name) => `${what}: ${name}`)
}

async function ofServices(world: World, patienceMs: number): Promise<string[]> {
  const unwell = async (name: string) => {
    const told = await world.readiness(name).catch((error: unknown) => ({ health: String(error) }))
    return Object.entries(told).filter(([, finding]) => finding !== 'ok')
  }
  const found: string[] = []
  for (const step of STEPS)
    await world
      .until(`${step} is well`, async () => (await unwell(step)).length === 0, patienceMs)
      .catch(async () => found.push(`${step} is not well: ${JSON.stringify(await unwell(step))}`))
  return found
}

/** Lists folders of dead processes, scratch of ended tasks, temporary files, and parts of abandoned uploads. */
async function ofDisks(world: World, { scratch, temporary, data }: Places, patienceMs: number): Promise<string[]> {
  const working = () => globSync('tmp/*/item-*', { cwd: scratch })
  const uploads = () => globSync('.minio.sys/multipart/*/*', { cwd: data })
  await world.until('no part of an upload is left', () => uploads().length === 0, patienceMs).catch(() => {})
  return [
    ...leftovers(scratch).map((path) => `scratch of a process that is gone: ${path}`),
    ...leftovers(join(scratch, 'objects')).map((path) => `download of a process that is gone: ${path}`),
    ...filesIn(join(scratch, 'objects', 'tmp')).map((path) => `download that no one is at: ${path}`),
    ...working().map((path) => `scratch of a task that has ended: ${path}`),
    ...filesIn(temporary).map((path) => `temporary file: ${path}`),
    ...uploads().map((path) => `parts of an upload: ${path}`),
  ]
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Lists files in the store that have no known kind, belong to no submitted run, or should have been removed by now. */
async function inStore({ store, at, tried }: World): Promise<string[]> {
  const found: string[] = []
  for await (const { path, modified } of store.list('')) {
    if (path === 'store.json') continue
    // A service killed during its start leaves its probe behind. A service that starts after PROBE_MS removes it.
    if (path.startsWith('probe/') && Date.now() - modified < PROBE_MS) continue
    const [area, name = ''] = path.slice(at.root.length).split('/')
    if (!path.startsWith(at.root) || !AREAS.has(area!)) found.push(`file of no kind in the store: ${path}`)
    else if (area === 'runs' && !tried.has(name)) found.push(`record of a run that no one asked for: ${path}`)
    else if (area === 'leases' || area === 'trash' || area === 'quarantine') found.push(`still in the store: ${path}`)
  }
  return found
}
const PROBE_MS = 10 * 60_000
const AREAS: ReadonlySet<string> = new Set([
  ...['objects', 'code', 'checkpoints', 'runs', 'refs', 'submissions', 'collected'],
  ...['leases', 'trash', 'quarantine'],
])
