import { CairnError } from '@cairn/kernel'

interface Data {
  float32: Float32Array
  float64: Float64Array
  int8: Int8Array
  int16: Int16Array
  int32: Int32Array
  int64: BigInt64Array
  uint8: Uint8Array
  uint16: Uint16Array
  uint32: Uint32Array
  uint64: BigUint64Array
  /** Holds 0 and 1. */
  bool: Uint8Array
  string: string[]
}
export type TensorType = keyof Data
/** A tensor's type, with or without its shape: `float32`, `float32[*,8]`. `*` is any length. Rows come first. */
export type TensorSpec = TensorType | `${TensorType}[${string}]`
/** The tensors of a model, by name. */
export type Tensors = Readonly<Record<string, TensorSpec>>

/** The JavaScript array that holds a tensor's values. */
export type TensorData<T extends TensorSpec> = T extends TensorType
  ? Data[T]
  : T extends `${infer Type extends TensorType}[${string}]`
    ? Data[Type]
    : never
/** The values of a model's input: row by row, or the columns of a matrix, as `columnsOf` of a table returns them. */
export type Feed<T extends TensorSpec> = TensorData<T> | ArrayLike<number> | readonly ArrayLike<number>[]

export const NUMBERS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const

/** A tensor's type and shape. */
export interface TensorShape {
  readonly type: string
  /** Lengths of the dimensions; one is undefined if it may be any. Undefined as a whole if the shape is unknown. */
  readonly shape: readonly (number | undefined)[] | undefined
}

/** Parses a tensor's type and shape. @throws CairnError BAD_DEFINITION for an unknown type or a malformed shape */
export function parseSpec(name: string, spec: string): TensorShape {
  const [, type, dimensions] = /^(\w+)(?:\[([*\d, ]*)\])?$/.exec(spec) ?? []
  if (type === undefined || !(type === 'string' || type in NUMBERS))
    throw new CairnError('BAD_DEFINITION', `tensor "${name}" has an invalid declaration: "${spec}"`, {
      next: 'write a type and optionally a shape, for example float32[*,8]',
    })
  const shape = dimensions?.split(',').map((part) => (part.trim() === '*' ? undefined : Number(part)))
  return { type, shape }
}

/** Returns the declaration of a tensor as text, such as `float32[*,8]`. The reverse of {@link parseSpec}. */
export function specText({ type, shape }: TensorShape): string {
  return shape ? `${type}[${shape.map((length) => length ?? '*').join(',')}]` : type
}

/** Whether a tensor has the declared type and, if one is declared, the declared shape. */
export function fitsSpec(actual: TensorShape, declared: TensorShape): boolean {
  if (actual.type !== declared.type) return false
  if (!declared.shape) return true
  const { shape } = actual
  return shape?.length === declared.shape.length && declared.shape.every((length, at) => length === shape[at])
}
