export { importSource } from './import-source.ts'
export { strayError } from './stray-error.ts'
export {
  allPipelines,
  findProject,
  loadPipeline,
  stepsOf,
  type Adoption,
  type LoadedPipeline,
  type Project,
} from './project.ts'
export { contextFolder, contextNames, contextStore, readContext, type Context } from './contexts.ts'
export { refuseCopiedStack, stackPlaceAt, stackPlaceFile, stackPlaceOf, type StackPlace } from './stack-place.ts'
export { Workspace } from './workspace.ts'
export { planRun, type PlannedRun, type RunRequest } from './plan-run.ts'
export {
  openHost,
  openPool,
  startRun,
  stillWaitingAfterMs,
  type RunHost,
  type RunningRun,
  type RunOptions,
} from './run.ts'
export {
  againOf,
  findRun,
  nextRun,
  outputsOf,
  readEnds,
  readRun,
  recentRuns,
  runNames,
  statusOf,
  type RunStanding,
  type RunSummary,
} from './runs.ts'
export { countsText, itemCounts, stateOf, type ItemCounts, type ItemState } from './item-counts.ts'
export { planLines, type PlanLine } from './plan-lines.ts'
export { retryOf } from './retry.ts'
export { itemLine } from './item-line.ts'
export { findItem, itemText, outputIn, type ItemPlace } from './find-item.ts'
export { ItemNames, labelPath } from './item-names.ts'
export { number, numbers, plainNumber } from './number-text.ts'
export { comparePlans, compareRuns, type Difference } from './compare-runs.ts'
export { explainCode } from './explain-code.ts'
export { artifact, bytes, duration, plain, plainLines, when } from './format.ts'
export { momentOf } from './moment.ts'
export { hasParameter, parametersOf } from './run-parameters.ts'
export { checkNamedPipelines } from './named-pipelines.ts'
export { faultsOf, type Fault } from './lint.ts'
export { refuseMisuses } from './refuse-looks.ts'
export { runLimitsOf, type ConcurrencySettings, type RunLimits } from './concurrency.ts'
export { retentionOf, type Retention, type RetentionSettings } from './retention.ts'
