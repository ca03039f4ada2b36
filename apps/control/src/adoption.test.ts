import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { memoryStore } from '@cairn/drivers/store/memory'
import { encodeRecord, RECORD_VERSION, type Checkpoint } from '@cairn/records'
import type { ArtifactRef } from '@cairn/kernel'
import { receiveRecord } from './adoption.ts'

const PATH = 'checkpoints/load/k1'

function checkpointWith(n: ArtifactRef): Buffer {
  const checkpoint: Checkpoint = {
    v: RECORD_VERSION,
    step: 'load',
    key: 'k1',
    fingerprint: 'f',
    code: 'd',
    params: {},
    inputs: {},
    outputs: { n },
    producer: { run: 'r', task: 'load', host: 'h' },
    computedAt: 1,
    ms: 1,
    generation: 0,
  }
  return Buffer.from(encodeRecord(checkpoint, PATH))
}
const receive = (bytes: Buffer, store = memoryStore()) =>
  receiveRecord(store, { env: 'test', pipeline: 'p', trusted: {} }, PATH, Readable.from([bytes]))

it('accepts a checkpoint whose outputs match their digests', async () => {
  expect(await receive(checkpointWith({ digest: hash('sha256', '7'), size: 1, text: '7' }))).toBe(true)
})

it.each([
  ['text', { text: '8' }],
  ['bytes', { base64: Buffer.from('8').toString('base64') }],
])('refuses a checkpoint whose %s differ, which would stop a run', async (_, held) => {
  const store = memoryStore()
  const altered = checkpointWith({ digest: hash('sha256', '7'), size: 1, ...held })
  await expect(receive(altered, store)).rejects.toMatchObject({
    code: 'BAD_RECORD',
    message: `${PATH} was refused: its output "n" does not match its digest`,
  })
  expect(await store.read(`test/p/${PATH}`)).toBeUndefined()
})
