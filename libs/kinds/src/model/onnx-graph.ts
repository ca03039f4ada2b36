/**
 * A model to write as ONNX, for steps that build a model themselves. `model()` writes it.
 *
 * @see https://onnx.ai/onnx/operators for the operators
 */
export interface OnnxGraph {
  readonly name: string
  /** The version of each operator set that is used, by domain. The standard domain is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>
  readonly inputs: Readonly<Record<string, OnnxTensor>>
  readonly outputs: Readonly<Record<string, OnnxTensor>>
  /** In the order of computation. */
  readonly nodes: readonly OnnxNode[]
  /** One-dimensional int64 tensors, by name. @default none */
  readonly constants?: Readonly<Record<string, readonly number[]>>
  /** Texts that the file carries, by name. @default none */
  readonly metadata?: Readonly<Record<string, string>>
}

/** A float32 tensor. Its shape has lengths, and names for variable lengths. */
export interface OnnxTensor {
  readonly shape: readonly (number | string)[]
}

/** An operator with the names of the tensors that it reads and writes. */
export interface OnnxNode {
  readonly operator: string
  /** @default 'ai.onnx' */
  readonly domain?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** An attribute of an operator, as `{ <type>: value }`. Integers are stored as int64. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  /** Rounded to float32. */
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
