export { CairnError, suggest, type ErrorCode, type ErrorRecord } from './errors.ts'
export {
  step,
  source,
  isStep,
  type Step,
  type Context,
  type Duration,
  type Bytes,
  type Retry,
  type Cache,
  type Reach,
} from './step.ts'
export { pipeline, isPipeline, type Pipeline } from './pipeline.ts'
export { each, when, type EachOptions } from './flow.ts'
export { list, type List } from './list.ts'
export { fromFile, fromPackage, fromUrl, type Origin, type OriginContext, type LocalFile } from './origin.ts'
export * from './kind.ts'
export type { Handle, Param } from './handle.ts'
export { canonical, type Json } from './json.ts'
export type { Schema } from './schema.ts'
export type * from './closure.ts'
