import type { Feed, TensorData, Tensors } from './tensors.ts'

/** A trained model, as a step receives it. It is loaded when it is first used. */
export interface Model<I extends Tensors = any, O extends Tensors = any> {
  /**
   * Predicts on the CPU, on one thread, so that the same rows give the same numbers.
   *
   * @param feeds for each input: its values row by row, or the columns of a matrix
   * @returns for each output: its values row by row
   * @throws CairnError BAD_DEFINITION for an unknown input or output, or values that do not fit
   */
  predict(
    feeds: { readonly [Name in keyof I]: Feed<I[Name]> },
    options?: PredictOptions,
  ): Promise<{ -readonly [Name in keyof O]: TensorData<O[Name]> }>
  /** Returns the names and types of its inputs and outputs, and the program that wrote it. */
  describe(): Promise<ModelDescription>
  /** Returns the ONNX file. */
  bytes(): Promise<Uint8Array>
}

/** Options of {@link Model.predict}. */
export interface PredictOptions {
  /** Rows per batch. @default 16384 */
  readonly batch?: number
  /** The names of the outputs to compute. @default the declared outputs, or all */
  readonly outputs?: readonly string[]
}
/** The inputs and outputs of a model, and its origin. */
export interface ModelDescription {
  /** Types and shapes by name, for example `float32[*,8]`. */
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly opsets: Readonly<Record<string, number>>
  readonly producer: string
  readonly operators: Readonly<Record<string, number>>
}
