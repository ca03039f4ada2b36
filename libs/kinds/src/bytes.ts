import { CairnError, checkNoOptions, type Kind } from '@cairn/kernel'

/** A kind for plain bytes, which are not copied. */
export function bytes(): Kind<Uint8Array>
export function bytes(...more: readonly unknown[]): Kind<Uint8Array> {
  checkNoOptions(more, 'bytes')
  return {
    name: 'bytes',
    version: 1,
    schema: true,
    encode(value) {
      if (value instanceof Uint8Array) return { bytes: value, summary: { bytes: value.byteLength } }
      throw new CairnError('BAD_OUTPUT', `value is ${typeof value}, not a Uint8Array`)
    },
    decode: (artifact) => artifact.bytes(),
    async preview({ ref }) {
      return { type: 'summary', fields: { bytes: ref.size, sha256: ref.digest } }
    },
  }
}
