import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, type Json, type ArtifactRef, type KindDescription } from '@cairn/kernel'
import { checkpointKey, keyBase, parts, type KeyBase, type Part } from './key.ts'

const name = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' })
const digest = fc.string({ minLength: 64, maxLength: 64, unit: fc.constantFrom(...Array.from('0123456789abcdef')) })
const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>
const kind: fc.Arbitrary<KindDescription> = fc.record({ kind: name, version: fc.nat(), schema: json })
const base: fc.Arbitrary<KeyBase> = fc.record({
  fingerprint: digest,
  params: fc.dictionary(name, json, { maxKeys: 3 }),
  outputs: fc.dictionary(name, kind, { maxKeys: 3 }),
  versions: fc.dictionary(name, fc.string({ unit: 'binary' }), { maxKeys: 2 }),
})
const inputs: fc.Arbitrary<Record<string, ArtifactRef>> = fc.dictionary(name, fc.record({ digest, size: fc.nat() }), {
  maxKeys: 3,
})

const reversed = <Value>(record: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).reverse())
/** What is meant to count, as one text. */
const meaning = (of: KeyBase, given: Record<string, ArtifactRef>): string =>
  canonical([
    of.fingerprint,
    of.params,
    of.outputs,
    of.versions ?? {},
    Object.fromEntries(Object.entries(given).map(([input, ref]) => [input, ref.digest])),
  ])

describe('a checkpoint key', () => {
  it('is the same for the same code, parameters and inputs, in any order', () => {
    fc.assert(
      fc.property(base, inputs, (of, given) => {
        const shuffled = {
          ...of,
          params: reversed(of.params),
          outputs: reversed(of.outputs),
          versions: reversed(of.versions!),
        }
        expect(checkpointKey(keyBase(shuffled), reversed(given))).toBe(checkpointKey(keyBase(of), given))
      }),
    )
  })

  it('differs if any relevant part differs', () => {
    fc.assert(
      fc.property(base, inputs, base, inputs, (of, given, otherBase, otherInputs) => {
        // Each part by itself, too: random bases as a whole hardly ever agree in all the others.
        for (const other of [
          { ...of, params: otherBase.params },
          { ...of, outputs: otherBase.outputs },
          { ...of, versions: otherBase.versions! },
          otherBase,
        ])
          expect(checkpointKey(keyBase(other), given) === checkpointKey(keyBase(of), given)).toBe(
            meaning(other, given) === meaning(of, given),
          )
        expect(checkpointKey(keyBase(of), otherInputs) === checkpointKey(keyBase(of), given)).toBe(
          meaning(of, otherInputs) === meaning(of, given),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('distinguishes parameters from inputs, and values from names', () => {
    const ref = (digest: string): ArtifactRef => ({ digest, size: 0 })
    const of: KeyBase = { fingerprint: 'f', params: {}, outputs: {} }
    const keys = [
      checkpointKey(keyBase(of), {}),
      checkpointKey(keyBase({ ...of, params: { a: 'b' } }), {}),
      checkpointKey(keyBase(of), { a: ref('b') }),
      checkpointKey(keyBase(of), { ab: ref('') }),
      checkpointKey(keyBase({ ...of, versions: { a: 'b' } }), {}),
      checkpointKey(keyBase({ ...of, params: { a: '', b: '' } }), {}),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('uses the meaning of an artifact if its kind has no stable bytes', () => {
    const of = keyBase({ fingerprint: 'f', params: {}, outputs: {} })
    const one = { a: { digest: '1', size: 1, contentDigest: 'same' } }
    const two = { a: { digest: '2', size: 2, contentDigest: 'same' } }
    expect(checkpointKey(of, one)).toBe(checkpointKey(of, two))
  })
})

describe('parts of a hashed text', () => {
  it('cannot run together: different lists give different texts', () => {
    const list = fc.array(fc.tuple(fc.string({ maxLength: 4 }), fc.string({ maxLength: 6 })) as fc.Arbitrary<Part>, {
      maxLength: 4,
    })
    fc.assert(
      fc.property(list, list, (a, b) => (parts(a) === parts(b)) === (JSON.stringify(a) === JSON.stringify(b))),
      { numRuns: 2_000 },
    )
  })

  it('cannot be forged by values that look like separators', () => {
    expect(parts([['a', 'b1:c1:d']])).not.toBe(
      parts([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    )
  })
})
