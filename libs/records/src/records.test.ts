import { describe, expect, it } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { layout } from './layout.ts'
import { decodeRecord, encodeRecord } from './records.ts'
import type { EndRecord } from './end-record.ts'

const at = layout('local', 'flights')
const end: EndRecord = {
  v: 1,
  status: 'completed',
  items: [
    { status: 'completed', how: 'computed', key: 'k', outputs: { v: { digest: 'd', size: 3, text: '"é"' } as never } },
  ],
  counts: {},
  attempts: 1,
  startedAt: -0,
  endedAt: 2,
  host: 'h',
}
const path = at.end('run-1', 'train')
const codeOf = (bytes: Uint8Array, place = path) => {
  try {
    const read = decodeRecord<EndRecord>(bytes, place)
    const fields = Object.keys(end) as (keyof EndRecord)[]
    return fields.every((name) => JSON.stringify(read[name]) === JSON.stringify(end[name])) ? 'the same' : 'another'
  } catch (error) {
    return error instanceof CairnError ? error.code : String(error)
  }
}

describe('a record', () => {
  it('is read back unchanged, in any environment and store', () => {
    const bytes = encodeRecord(end, path)
    expect(decodeRecord(bytes, path)).toEqual(end)
    expect(decodeRecord(bytes, layout('production', 'flights').end('run-1', 'train'))).toEqual(end)
  })

  it('is never read as another one after any bit flip or truncation', () => {
    const bytes = encodeRecord(end, path)
    for (const index of bytes.keys())
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[index]! ^= 1 << bit
        expect(codeOf(flipped), flipped.toString()).not.toMatch(/another|Error/)
      }
    for (const index of bytes.keys()) expect(codeOf(bytes.subarray(0, index))).toBe('BAD_RECORD')
  })

  it('is refused at the path of another', () => {
    const bytes = encodeRecord(end, path)
    expect(codeOf(bytes, at.end('run-1', 'load'))).toBe('BAD_RECORD')
    expect(codeOf(bytes, at.end('run-2', 'train'))).toBe('BAD_RECORD')
  })

  it('of an earlier version has no checksum, and is read', () => {
    expect(codeOf(Buffer.from(JSON.stringify(end)))).toBe('the same')
  })

  it.each([
    'null',
    '[]',
    '1',
    '"x"',
    '{}',
    '{"v":1}',
    '{"v":1,"status":"completed","items":[1]}',
    '{"v":"1"}',
    '{"v":0}',
  ])('is not %s', (text) => {
    for (const place of [
      path,
      at.plan('r'),
      at.runEnd('r'),
      at.checkpoint('s', 'k'),
      at.ref('production'),
      at.manifest({ fingerprint: 'f', digest: 'd' }),
    ])
      expect(codeOf(Buffer.from(text), place)).toBe('BAD_RECORD')
  })
})
