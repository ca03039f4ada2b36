export { noteTold, promote, rollBack, standingChampion } from './champion.ts'
export { brokenExpectations } from './expectations.ts'
export { type Candidate, type Promotion, conclude, examineCandidate, prepare } from './promote.ts'
export { Refused, notWhole } from './refusals.ts'
