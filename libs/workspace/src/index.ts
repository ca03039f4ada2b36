export { type Difference, comparePlans, compareRuns } from './compare-runs.ts'
export { type ConcurrencySettings, type RunLimits, runLimitsOf } from './concurrency.ts'
export { type Context, contextFolder, contextNames, contextStore, readContext } from './contexts.ts'
export { changesOfCode, changesText } from './explain-code.ts'
export { type ItemPath, findItem, itemText, outputIn } from './find-item.ts'
export { artifact, bytes, counted, duration, escaped, escapedLines, when } from './format.ts'
export { importSource } from './import-source.ts'
export { type ItemCounts, type ItemState, countsText, itemCounts, stateOf } from './item-counts.ts'
export { itemLine } from './item-line.ts'
export { ItemNames, labelPath } from './item-names.ts'
export { faultsOf } from './lint.ts'
export { parseTime } from './parse-time.ts'
export { checkNamedPipelines } from './named-pipelines.ts'
export { number, numbers, plainNumber } from './number-text.ts'
export { type PlanLine, planLines } from './plan-lines.ts'
export { type PlanReason, reasonTexts } from './plan-reason.ts'
export { type PlannedRun, type RunRequest, planRun } from './plan-run.ts'
export {
  type Adoption,
  type LoadedPipeline,
  type Project,
  allPipelines,
  findProject,
  loadPipeline,
  stepsOf,
} from './project.ts'
export { refuseMisuses } from './refuse-misuses.ts'
export { type Retention, type RetentionSettings, retentionOf } from './retention.ts'
export { retryOf } from './retry.ts'
export { hasParameter, parametersOf } from './run-parameters.ts'
export {
  type RunStateName,
  type RunSummary,
  rerunOf,
  findRun,
  nextRun,
  outputsOf,
  readEnds,
  readRun,
  recentRuns,
  runNames,
  statusOf,
} from './runs.ts'
export { type StackPlace, refuseCopiedStack, stackPlaceAt, stackPlaceFile, stackPlaceOf } from './stack-place.ts'
export { projectError } from './project-error.ts'
export { Workspace } from './workspace.ts'
