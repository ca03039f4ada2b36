export { CairnError, suggest, type ErrorCode } from './errors.ts'
export { parseExactJson } from './exact-json.ts'
export { canonical, jsonText, type Json } from './json.ts'

export { carriedFiles } from './run/carried-files.ts'

export { step, source, isStep } from './define/step.ts'
export type { Bytes, Cache, Context, Duration, Reach, Retry, Step, StepArguments, Wired } from './define/step.ts'
export { fromFile, fromPackage } from './define/origin.ts'
export { fromUrl } from './define/url-origin.ts'
export type { LocalFile, Opened, Origin, OriginContext, Origins } from './define/origin.ts'
export { pipeline, isPipeline, type Pipeline } from './define/pipeline.ts'
export { checkNoOptions, checkOptions, shown, takes } from './define/options.ts'
export type { Option, Options } from './define/options.ts'
export { each, when, type EachOptions } from './define/flow.ts'
export { expect, isExpectation, type Expectation } from './define/expect.ts'
export type { Handle, Handles, Param } from './define/handle.ts'

export { list, type List } from './define/list.ts'
export { contentOf, describeKind, fits } from './define/kind.ts'
export type * from './define/kind.ts'
export {
  issueText,
  isSchema,
  jsonSchema,
  validate,
  type AnySchema,
  type Schema,
  type SchemaInput,
  type SchemaOutput,
} from './define/schema.ts'

export type * from './define/closure.ts'
