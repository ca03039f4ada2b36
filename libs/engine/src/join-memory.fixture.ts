import { json } from '../simulation/pipelines.ts'
import { each, list, pipeline, step, type ArtifactRef } from '@cairn/kernel'
import {
  ManifestWriter,
  openManifest,
  parseTask,
  sha256,
  type Items,
  type EndRecord,
  type Outcome,
} from '@cairn/records'
import { Example } from './example.fixture.ts'
import { joinEach } from './join.ts'
import type { RunReader } from './item-inputs.ts'
import { Lru } from './lru.ts'
import { RunState } from './run-state.ts'

/** Prints the largest growth of the heap, in bytes, while joining the given number of items. */
const BATCH = 100
const count = Number(process.argv[2])

const Int = json<number>()
const nothing = () => {
  throw new Error('nothing is computed')
}
const read = step('read', { outputs: { numbers: list(Int) }, run: nothing })
const square = step('square', { inputs: { n: Int }, outputs: { n: Int }, run: nothing })
const squares = pipeline('squares', () => each(read({}).numbers, (n) => square({ n }), { batch: BATCH, as: 'squared' }))

const refOf = (name: string): ArtifactRef => ({ digest: sha256(name), size: 8, text: name, label: `item ${name}` })
const endOf = (items: readonly Outcome[], counts: EndRecord['counts'] = {}): EndRecord => {
  return { v: 1, status: 'completed', items, counts, attempts: 1, startedAt: 0, endedAt: 0, host: 'host' }
}
const completed = (output: string, ref: ArtifactRef): Outcome => {
  return { status: 'completed', how: 'computed', key: ref.digest, outputs: { [output]: ref }, ms: 1 }
}
const manifest = new ManifestWriter()
for (let index = 0; index < count; index++) manifest.add(refOf(String(index)))
const bytes = manifest.bytes()
const listed = endOf([completed('numbers', { digest: sha256(bytes), size: bytes.length, items: count })], {
  numbers: [count],
})

/** Creates each record anew, as reading it from a store does. */
const reader: RunReader = {
  allItems: new Lru<Items>(8),
  items: async () => openManifest(bytes),
  async end(task) {
    const { node, batch } = parseTask(task)
    if (node === 'read') return listed
    const from = Number(batch) * BATCH
    if (from % (BATCH * 10) === 0) look()
    const items = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) =>
      completed('n', refOf(String((from + index) ** 2))),
    )
    return endOf(items)
  },
}

const state = new RunState(await new Example(squares).plan())
state.end('read', listed)
for (let index = 0; index < count / BATCH; index++) state.end(`square/${index}`, { status: 'completed', counts: {} })

let most = 0
const look = () => {
  globalThis.gc!()
  most = Math.max(most, process.memoryUsage().heapUsed)
}
look()
const before = most
const [joined] = await joinEach(state, reader, 'squared', '')
look()
if (!joined || !('made' in joined) || joined.made['n']?.ref.items !== count) throw new Error('it was not joined')
process.stdout.write(String(most - before))
