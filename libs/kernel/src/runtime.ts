/** What hosts, drivers and tools are built with; definitions need only `index.ts`. */
export * from './index.ts'
export { undefinedOn } from './errors.ts'
export { errorLine, errorRecord, type ErrorRecord, type Thrown } from './error-record.ts'
export { asText } from './thrown-value.ts'
export {
  dependsOnNeighbours,
  longestMatch,
  masked,
  maskedBeside,
  maskedJson,
  maskedStart,
  secretsFor,
  type Secrets,
} from './secrets.ts'
export type * from './define/graph.ts'
export { refuseLooksOf } from './define/pipeline.ts'
export { parseManifest, writeManifest } from './define/manifest.ts'
export { kindText } from './define/kind.ts'
export { renamed } from './define/step.ts'
export { swapStep, type Swapped } from './define/swap.ts'
export { Engine, type Host } from './run/engine.ts'
export { cancel, setOff, submit } from './run/submit.ts'
export { keepCarriedFiles } from './run/carried-files.ts'
export { execute, type LoadedCode, type Surface } from './run/execute.ts'
export * from './run/events.ts'
export * from './run/layout.ts'
export { parseEvent, requireOf } from './run/parse-event.ts'
export { NAMES, type NamePattern } from './run/record-names.ts'
export * as shapes from './run/shape.ts'
export { alteredIn, isStored } from './run/checkpoint.ts'
export {
  noteTold,
  PRODUCTION,
  promote,
  rollBack,
  standingChampion,
  type Champion,
  type Standing,
} from './run/champion.ts'
export {
  isTrusted,
  requireSigned,
  signed,
  signedPlan,
  type Identity,
  type PublicKeys,
  type Signature,
} from './run/signature.ts'
export { publish } from './run/publish.ts'
export type * from './run/plan-record.ts'
export type * from './run/ports.ts'
export { itemAt, laneOf, readLogs, type LogLine } from './run/attempt-log.ts'
export { itemsIn, recordedItem, type Item } from './run/items.ts'
export { withBuiltIns } from './run/built-ins.ts'
export { severally } from './run/severally.ts'
export { Recent } from './run/recent.ts'
export * from './run/records.ts'
export { hold, unfinished, type Unfinished } from './run/holder.ts'
export { packagesDigest, storedAs, storedManifest } from './run/stored-code.ts'
export { holdsFile } from './run/compute.ts'
export { unfitTasks } from './run/unfit.ts'
export { neededBy } from './run/needs.ts'
export { RunState } from './run/run-state.ts'
export { systemClock } from './run/clock.ts'
export { channels } from './run/channels.ts'
export type * from './run/channels.ts'
export { fileDigest, inlineBytes, keepArtifact, makeArtifact, openArtifact } from './run/artifact.ts'
export { fileStamp, keepVerified, markVerified, requireUnchanged, verifiedStamp } from './run/verified-files.ts'
export { takeFile } from './run/take-file.ts'
export { planAgain } from './plan/again.ts'
export { makePlan, type Base, type Handed, type Planner, type PlanRequest } from './plan/plan.ts'
export { forecast, type NodeForecast } from './plan/forecast.ts'
export { forecastItems, isSameItem, reasonsOfItem, type ItemForecast } from './plan/item-reasons.ts'
export { changesSince, reasonsOf, type Previous, type Reason } from './plan/reasons.ts'
export { nodeNamed, select } from './plan/select.ts'
export type { Settings } from './plan/settings.ts'
export { parameterAt, schemaAt } from './plan/parameter-path.ts'
export { overlaid } from './plan/settings.ts'
export { readText } from './plan/read-text.ts'
export { refuseInexact } from './exact-json.ts'
export { Leases } from './run/lease.ts'
export { collect, type GcPolicy, type GcReport } from './upkeep/gc.ts'
export { copyResults, copyRun, type CopyReport, type StoreSide } from './upkeep/copy.ts'
export { examine, type Checkup, type CheckupPlace, type Finding } from './upkeep/doctor.ts'
export { AREAS } from './upkeep/doctor-walk.ts'
export { byteCount, milliseconds } from './units.ts'
export { whyNoFile } from './file-type.ts'
export { artifactBytes } from './run/artifact.ts'
export { fieldNames } from './define/schema.ts'
export { recordSchemas, type RecordSchema } from './run/record-schema.ts'
