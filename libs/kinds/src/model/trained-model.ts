import type { Feed, TensorData, Tensors } from './tensors.ts'

/** A trained model, ready to predict. Nothing is loaded before it is asked for something. */
export interface Model<I extends Tensors = any, O extends Tensors = any> {
  /**
   * Runs the model on the CPU, on one thread, so that the same rows give the same numbers.
   * @param feeds for each input its values row by row, or the columns of a matrix
   * @returns for each output its values, row by row
   */
  predict(
    feeds: { readonly [Name in keyof I]: Feed<I[Name]> },
    options?: PredictOptions,
  ): Promise<{ -readonly [Name in keyof O]: TensorData<O[Name]> }>
  /** Names and types of what it takes and gives, and who made it. */
  describe(): Promise<ModelDescription>
  /** As ONNX. */
  bytes(): Promise<Uint8Array>
}

export interface PredictOptions {
  /** Rows that are computed at a time. Default 16,384. */
  readonly batch?: number
  /** Names of the outputs to compute. Default: those that are declared, or all. */
  readonly outputs?: readonly string[]
}
export interface ModelDescription {
  /** As in `float32[*,8]`. */
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly opsets: Readonly<Record<string, number>>
  readonly producer: string
  readonly operators: Readonly<Record<string, number>>
}
