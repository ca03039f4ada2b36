import { hash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeRecord, encodeRecord, type EndRecord, type RunEnd } from '@cairn/records'
import type { World } from '../faults/world.fixture.ts'
import type { Sabotage, Sabotaged, Undo } from './sabotage.fixture.ts'
import { examineOnce } from './maintenance.fixture.ts'

const AGAIN_MS = 20
const GHOST = 'ghost'

/** Violations in the store. */
export function wrongRecords({ world, run, wrong }: Sabotaged): Sabotage[] {
  const { at, submitted, tried, received } = world
  const end = at.end(run, 'total')
  const ghost = { ...submitted.get(run)!, run: GHOST }
  return [
    {
      what: 'a run that does not end',
      said: /ghost: end not recorded/,
      act: () => {
        submitted.set(GHOST, ghost)
        return () => submitted.delete(GHOST)
      },
    },
    {
      what: 'a run of which nothing is stored',
      said: /ghost is gone, and was never seen to be complete/,
      act: () => {
        const [published] = received.values()
        submitted.set(GHOST, ghost)
        received.set(`${GHOST}/run-ended`, published!)
        return () => submitted.delete(GHOST) && received.delete(`${GHOST}/run-ended`)
      },
    },
    {
      what: 'a run that no one asked for',
      said: /is a run that no one asked for[^]*record of a run that no one asked for/,
      act: () => {
        tried.delete(run)
        return () => tried.add(run)
      },
    },
    { what: 'a task without a terminal record', said: /no terminal record of total/, act: () => removed(world, end) },
    {
      what: 'a terminal record of no task',
      said: /a terminal record of nothing, which is no task/,
      act: () => copied(world, end, at.end(run, 'nothing')),
    },
    {
      what: 'a terminal record that was changed',
      said: /a terminal record was changed[^]*was published as completed/,
      act: () =>
        changed(
          world,
          end,
          record<EndRecord>(end, ({ endedAt, ...rest }) => ({ ...rest, endedAt: endedAt + 1 })),
        ),
    },
    {
      what: 'a record that was altered',
      said: /ends\/total is damaged: its content does not match its check/,
      act: () =>
        changed(world, end, (bytes) => Buffer.from(String(Buffer.from(bytes)).replace('completed', 'c0mpleted'))),
    },
    { what: 'a run without an end', said: /has no end/, act: () => removed(world, at.runEnd(run)) },
    {
      what: 'a run whose end is not that of its tasks',
      said: /is failed, and by its tasks completed/,
      act: () =>
        changed(
          world,
          at.runEnd(run),
          record<RunEnd>(at.runEnd(run), (ended) => ({ ...ended, status: 'failed' })),
        ),
    },
    {
      what: 'an object that is missing',
      said: /it refers to object \w+, which is missing/,
      act: async () => removed(world, await anObject(world)),
    },
    {
      what: 'an object that was altered',
      said: /its content does not match its digest/,
      act: async () => changed(world, await anObject(world), (bytes) => bytes.map((byte) => byte ^ 1)),
    },
    {
      what: 'what `cairn doctor --on` finds',
      said: /doctor --on, beside all else: .*which is missing/,
      act: async () => {
        const undo = await removed(world, await anObject(world)) // doctor reads only some of the bytes
        await examineOnce(world, wrong)
        await undo()
        return () => wrong.splice(0)
      },
    },
    {
      what: 'objects that come after all has ended',
      said: /objects that nothing refers to came after all had ended/,
      act: () =>
        again(world, () => {
          const content = randomUUID()
          return [at.object(hash('sha256', content)), content]
        }),
    },
    {
      what: 'a file of no kind',
      said: /file of no kind in the store: .*\/nonsense\/x/,
      act: () => written(world, `${at.root}nonsense/x`),
    },
    {
      what: 'a lease that is held',
      said: /still in the store: .*\/leases\/x/,
      act: () => again(world, () => [at.lease('x'), '{}']),
    },
    {
      what: 'what waits to be deleted',
      said: /still in the store: .*\/trash\//,
      act: () =>
        again(world, () => {
          const content = randomUUID()
          return [at.trash(hash('sha256', content)), content]
        }),
    },
  ]
}

/** Returns the path of an object that a run refers to. */
async function anObject({ store, at }: World): Promise<string> {
  for await (const { path } of store.list(`${at.root}objects/`)) return path
  throw new Error('no object is stored')
}

async function removed(world: World, path: string): Promise<Undo> {
  const bytes = (await world.store.read(path))!
  await world.store.remove(path)
  return () => world.store.create(path, bytes)
}

async function changed({ store }: World, path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<Undo> {
  const bytes = (await store.read(path))!
  const put = async (content: Uint8Array) => {
    await store.remove(path)
    await store.create(path, content)
  }
  await put(change(bytes))
  return () => put(bytes)
}

async function copied(world: World, from: string, to: string): Promise<Undo> {
  const content = decodeRecord<EndRecord>((await world.store.read(from))!, from)
  await world.store.create(to, encodeRecord(content, to))
  return () => world.store.remove(to)
}

async function written(world: World, path: string): Promise<Undo> {
  await world.store.create(path, Buffer.from('x'))
  return () => world.store.remove(path)
}

/** Creates files repeatedly until undone, because a collection removes them. */
async function again({ store }: World, next: () => readonly [path: string, text: string]): Promise<Undo> {
  const paths = new Set<string>()
  let isOver = false
  const writing = (async () => {
    for (; !isOver; await sleep(AGAIN_MS)) {
      const [path, text] = next()
      paths.add(path)
      await store.create(path, Buffer.from(text))
    }
  })()
  return async () => {
    isOver = true
    await writing
    for (const path of paths) await store.remove(path)
  }
}

/** Returns a function that changes a record and gives it a valid check. */
function record<Content extends { readonly v: number }>(
  path: string,
  change: (content: Content) => Content,
): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => encodeRecord(change(decodeRecord<Content>(bytes, path)), path)
}
