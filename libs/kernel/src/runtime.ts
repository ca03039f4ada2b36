/** What hosts, drivers and tools are built with; definitions need only `index.ts`. */
export * from './index.ts'
export { errorRecord, type ErrorRecord } from './errors.ts'
export { longestMatch, masked, maskedJson, secretPatterns, secretsFor, type Secrets } from './secrets.ts'
export type * from './define/graph.ts'
export { parseManifest, writeManifest } from './define/list.ts'
export { kindText } from './define/drawing.ts'
export { renamed } from './define/step.ts'
export { swapStep, type Swapped } from './define/swap.ts'
export { cancel, Engine, submit, type Host } from './run/engine.ts'
export { execute, type LoadedCode, type Surface } from './run/execute.ts'
export * from './run/events.ts'
export * from './run/layout.ts'
export { isStored } from './run/checkpoint.ts'
export {
  noteTold,
  PRODUCTION,
  promote,
  rollBack,
  standingChampion,
  type Champion,
  type Standing,
} from './run/champion.ts'
export { isTrusted, signed, type Identity, type Signature } from './run/signature.ts'
export { publish } from './run/publish.ts'
export type * from './run/plan-record.ts'
export type * from './run/ports.ts'
export { readLogs, type LogLine } from './run/attempt-log.ts'
export * from './run/records.ts'
export { hold, unfinished, type Unfinished } from './run/holder.ts'
export { neededBy } from './run/needs.ts'
export { RunState } from './run/run-state.ts'
export { systemClock } from './run/clock.ts'
export { channels } from './run/channels.ts'
export type * from './run/channels.ts'
export { fileDigest, inlineBytes, keepArtifact, makeArtifact, openArtifact } from './run/artifact.ts'
export { planAgain } from './plan/again.ts'
export { makePlan, type Base, type Handed, type Planner, type PlanRequest } from './plan/plan.ts'
export { forecast, type NodeForecast } from './plan/forecast.ts'
export { changesSince, reasonsOf, type Previous, type Reason } from './plan/reasons.ts'
export { nodeNamed, select } from './plan/select.ts'
export type { Settings } from './plan/parameters.ts'
export { collect, type GcPolicy, type GcReport } from './upkeep/gc.ts'
export { copyResults, copyRun, type CopyReport, type StoreSide } from './upkeep/copy.ts'
export { examine, type Checkup, type Finding } from './upkeep/doctor.ts'
export { byteCount, milliseconds } from './units.ts'
export { artifactBytes } from './run/artifact.ts'
export { fieldNames } from './define/schema.ts'
