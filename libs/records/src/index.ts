export {
  artifactBytes,
  fileDigest,
  holdsFile,
  inlineBytes,
  storeArtifact,
  makeArtifact,
  openArtifact,
  objectNotFound,
} from './artifact.ts'
export { AttemptLog, type LogLine, itemAt, itemIndex, readLogs } from './attempt-log.ts'
export type { AttemptRecord, UnfitRecord } from './attempt-record.ts'
export { type Champion, PRODUCTION } from './champion-record.ts'
export {
  type AboutTask,
  type AttemptMessage,
  type DeadLetterMessage,
  type EarlierMessage,
  type FetchMessage,
  type OutputMessage,
  type PublishMessage,
  type TaskMessage,
  type Ended,
  type TracedChannel,
  channels,
  traced,
} from './channels.ts'
export type { Checkpoint } from './checkpoint-record.ts'
export { mismatchedOutput, isStored, lookUp, storeCheckpoint } from './checkpoint.ts'
export { systemClock } from './clock.ts'
export { CONCURRENCY, mapConcurrently } from './concurrency.ts'
export type { Closure, ClosureSet, Declaration, Manifest, PackageUse, ReachUse } from './closure.ts'
export type { EndRecord, FailedAttempt, Outcome, RunEnd, RunStatus, TaskStatus } from './end-record.ts'
export { type ErrorRecord, type Thrown, errorLine, errorRecord, isOneOf, revived } from './error-record.ts'
export {
  type CairnEvent,
  EVENT_TYPES,
  type EventData,
  type EventType,
  type Subject,
  attemptEvent,
  controlTopicOf,
  endEvent,
  itemName,
  leftEvent,
  parseTask,
  promotedEvent,
  readyEvent,
  runEvent,
  subjectOf,
  taskName,
  topicOf,
} from './events.ts'
export type { GcReport } from './gc-report.ts'
export { lastCollection, type Collected } from './collected-record.ts'
export { type Unfinished, hold, unfinished } from './holder.ts'
export { checkpointKey, keyBase, sha256 } from './key.ts'
export {
  type CodeName,
  type Layout,
  type QueueLayout,
  type QueuedRun,
  STORE_FILE,
  STORE_FORMAT,
  requireStoreFormat,
  codeName,
  layout,
  queueLayout,
} from './layout.ts'
export { type Items, ManifestWriter, chained, openManifest, writeManifest } from './manifest.ts'
export { OVERRIDDEN } from './plan-record.ts'
export { dependenciesOf } from './needs.ts'
export { isOwnPackage } from './own-packages.ts'
export { parseEvent, requireOf } from './parse-event.ts'
export type {
  Condition,
  Given,
  PinnedClosure,
  PinnedCode,
  Plan,
  PlannedCache,
  PlannedEach,
  PinnedOutput,
  PlannedNode,
  PlannedStep,
  PlannedStepNode,
  PlannedWhen,
  Taint,
} from './plan-record.ts'
export type {
  ArtifactStore,
  Clock,
  Code,
  Compute,
  Content,
  EventBus,
  ItemResult,
  ItemWork,
  EncodedArtifact,
  PackageState,
  PackageStates,
  Printed,
  StoredCode,
  StoredStat,
  SubscribeOptions,
  Subscription,
  Urgency,
  Work,
} from './ports.ts'
export { type PublishOptions, publish } from './publish.ts'
export { RECORD_VERSION, UPDATE, claim, decodeRecord, encodeRecord, readRecord } from './records.ts'
export { NAMES, type NamePattern } from './shapes/record-names.ts'
export { type RecordSchema, recordSchemas } from './shapes/record-schema.ts'
export * as shapes from './shapes/shape.ts'
export {
  type Identity,
  type PublicKeys,
  isPublicKey,
  isTrusted,
  requireSigned,
  signed,
  signedPlan,
} from './signature.ts'
export { pipelineNames } from './pipeline-names.ts'
export { packagesDigest, storedManifest } from './stored-code.ts'
export { fetchObject, statObject } from './stored-object.ts'
export { asText } from './thrown-value.ts'
