/** What a node reads: an output of another, or the item of an `each` that it is inside. */
export type Ref = { readonly node: string; readonly output: string } | { readonly item: string }
/** A run parameter, of the pipeline or of one used inside it. */
export interface ParamRef {
  readonly param: string
  readonly frame: string
}
/** The arm of a `when` that a node is inside. */
export interface Guard {
  readonly when: string
  readonly arm: boolean
}
