import { expect, test } from 'vitest'
import { bytes } from './bytes.ts'
import { artifactFolder, checkKind } from './testing.ts'

test('bytes meet the contract of the engine', () =>
  checkKind(bytes(), {
    values: [new Uint8Array(), Uint8Array.from([0, 255, 1])],
    refused: ['text', [1, 2], new ArrayBuffer(2), null],
    read: (read) => Uint8Array.from(read),
  }))

test('bytes are passed without a copy', async () => {
  using folder = artifactFolder()
  const value = new Uint8Array(1 << 20)
  const encoded = await bytes().encode(value, folder.encoder)
  expect('bytes' in encoded && encoded.bytes).toBe(value)
})
