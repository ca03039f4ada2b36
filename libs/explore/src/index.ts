export { explore, type ExploreOptions } from './explore.ts'
export { Lab, type Place } from './lab.ts'
export { compareOutputs, type CompareOutputOptions, type TwoRuns } from './compare-outputs.ts'
export { compareTo, LabRun } from './lab-run.ts'
export { outputNamed } from './places.ts'
export { parity, type Entry, type Parity } from './parity.ts'
export { conclude, examineCandidate, prepare, type Candidate, type Promotion } from './promote.ts'
export { brokenExpectations } from './expectations.ts'
export { notWhole, Refused } from './refusals.ts'
export type { Leaderboard, MatrixOptions, Variant, Variants } from './matrix.ts'
export {
  deletePlayground,
  findPlayground,
  listPlaygrounds,
  pinnedRuns,
  playgroundStore,
  type Playground,
} from './playground.ts'
export { stepOfFile, type StepFile } from './step-file.ts'
