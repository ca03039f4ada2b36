/** Size of a part, in bytes. Measured: smaller parts cost requests; larger ones, or more in parallel, gain nothing. */
export const PART = 16 << 20
export const PARTS_AT_ONCE = 4
/** Bytes of one read or write of a file. */
export const PIECE = 1 << 20

export interface ObjectPart {
  readonly number: number
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

export function partsOf(size: number, partSize: number): ObjectPart[] {
  return Array.from({ length: Math.ceil(size / partSize) }, (_, index) => ({
    number: index + 1,
    start: index * partSize,
    end: Math.min(size, (index + 1) * partSize),
  }))
}
