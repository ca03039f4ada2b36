import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Checkpoint } from './checkpoint-record.ts'
import { isTrusted, signed } from './signature.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const trusted = { stage: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }
const checkpoint: Checkpoint = {
  v: 1,
  step: 'train',
  key: 'key',
  fingerprint: 'code',
  code: 'digest',
  params: { trees: 10 },
  inputs: { n: 'digest' },
  outputs: { model: { digest: 'model', size: 3 } },
  producer: { run: 'run', task: 'train', host: 'host' },
  computedAt: 1,
  ms: 2,
  generation: 0,
}

describe('a signed checkpoint', () => {
  const own = signed(checkpoint, { name: 'stage', key: privateKey })

  it('is trusted if its service is, also after it was computed again', () => {
    expect(isTrusted(own, trusted)).toBe(true)
    expect(isTrusted({ ...own, generation: 3 }, trusted)).toBe(true)
    expect(isTrusted(JSON.parse(JSON.stringify(own)) as Checkpoint, trusted)).toBe(true)
  })

  it.each<[string, Checkpoint]>([
    ['is not signed', checkpoint],
    ['has other outputs', { ...own, outputs: { model: { digest: 'other', size: 3 } } }],
    ['has another key', { ...own, key: 'other' }],
    ['has other parameters', { ...own, params: { trees: 11 } }],
    ['is signed by another', signed(checkpoint, { name: 'stage', key: generateKeyPairSync('ed25519').privateKey })],
    ['names a service that no one knows', { ...own, signature: { ...own.signature!, by: 'laptop' } }],
    ['names what every object has', { ...own, signature: { ...own.signature!, by: 'toString' } }],
  ])('is not trusted if it %s', (_, forged) => {
    expect(isTrusted(forged, trusted)).toBe(false)
  })
})
