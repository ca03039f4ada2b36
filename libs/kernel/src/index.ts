export { carriedFiles } from './carried-files.ts'
export type {
  Connector,
  ConnectorContext,
  Connectors,
  LocalFile,
  Opened,
  ProductionOutput,
} from './define/connector.ts'
export { type Expectation, expect, isExpectation } from './define/expect.ts'
export { type EachOptions, each, when } from './define/flow.ts'
export type { Handle, Handles, Param } from './define/handle.ts'
export {
  type AnyKind,
  type Artifact,
  type ArtifactRef,
  type CompareOptions,
  type Compared,
  type Sample,
  type SampleSize,
  type Encoded,
  type EncodedItem,
  type Encoder,
  type Kind,
  type KindDescription,
  type Kinds,
  type Preview,
  type PreviewOptions,
  type Read,
  type Reads,
  type Summary,
  type Write,
  type Writes,
  contentOf,
  describeKind,
  fits,
  kindText,
} from './define/kind.ts'
export { type List, list } from './define/list.ts'
export { type Option, type Options, checkNoOptions, checkOptions, shown, takes } from './define/options.ts'
export { type Pipeline, isPipeline, pipeline } from './define/pipeline.ts'
export {
  type AnySchema,
  type Schema,
  type SchemaInput,
  type SchemaOutput,
  isSchema,
  issueText,
  jsonSchema,
  validate,
} from './define/schema.ts'
export type { Cache, Context, Reach, Retry, Step, StepArguments, Wired } from './define/step-definition.ts'
export { isStep, source, step } from './define/step.ts'
export { CairnError, type ErrorCode, suggest } from './errors.ts'
export { parseExactJson } from './exact-json.ts'
export { type Json, canonical, jsonText } from './json.ts'
export type { Bytes, Duration } from './units.ts'
