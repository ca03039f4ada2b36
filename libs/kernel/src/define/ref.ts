/** What a node reads: the output of another node, or the item of an `each` around it. */
export type Ref = { readonly node: string; readonly output: string } | { readonly item: string }
/** A run parameter of the pipeline, or of a pipeline used inside it. */
export interface ParamRef {
  readonly param: string
  readonly frame: string
}
/** The arm of a `when` around a node. */
export interface Guard {
  readonly when: string
  readonly arm: boolean
}
