import { CairnError, checkNoOptions, shown, type Kind } from '@cairn/kernel'

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
      throw new CairnError('BAD_OUTPUT', `${shown(value)} is not a Uint8Array`, {
        next: 'return a Uint8Array, such as a Buffer',
      })
    },
    decode: (artifact) => artifact.bytes(),
    async preview({ ref }) {
      return { type: 'summary', fields: { bytes: ref.size, sha256: ref.digest } }
    },
  }
}
