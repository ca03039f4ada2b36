import { CairnError, type Kind } from '@cairn/kernel'
import { expect, test } from 'vitest'
import { checkKind } from './testing.ts'

const text: Kind<string> = {
  name: 'text',
  version: 1,
  schema: true,
  encode(value) {
    if (typeof value !== 'string') throw new CairnError('BAD_OUTPUT', `value is ${typeof value}, not text`)
    return { bytes: new TextEncoder().encode(value) }
  },
  decode: async (artifact) => new TextDecoder().decode(await artifact.bytes()),
}

test('a correct kind passes', () => checkKind(text, { values: ['', 'é'], refused: [1, null] }))

test('a kind with unstable bytes fails', async () => {
  let written = 0
  const kind: Kind<string> = { ...text, encode: (value) => ({ bytes: Buffer.from(value + written++) }) }
  await expect(checkKind(kind, { values: ['a'] })).rejects.toThrow('text, value 0: two writes produced different bytes')
})

test('a kind that loses data fails', async () => {
  const kind: Kind<string> = { ...text, encode: (value) => ({ bytes: Buffer.from(value, 'latin1') }) }
  await expect(checkKind(kind, { values: ['a', 'é'] })).rejects.toThrow('text, value 1: the value read back differs')
})

test('a kind that accepts what it should refuse fails', async () => {
  const kind: Kind<string> = { ...text, encode: (value) => ({ bytes: Buffer.from(JSON.stringify(value)) }) }
  await expect(checkKind(kind, { values: [], refused: [1] })).rejects.toThrow(
    'text, refused value 0: the value is accepted',
  )
})

test('a kind that refuses without a readable reason fails', async () => {
  const kind: Kind<string> = { ...text, encode: (value) => ({ bytes: Buffer.from(value.trim()) }) }
  await expect(checkKind(kind, { values: [], refused: [1] })).rejects.toThrow('unexpected error: TypeError')
})

test('a preview must be JSON', async () => {
  const kind: Kind<string> = { ...text, preview: async () => ({ type: 'json', value: NaN }) }
  await expect(checkKind(kind, { values: ['a'] })).rejects.toThrow('the preview.value is NaN')
})
