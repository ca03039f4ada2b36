export { type CopyReport, copyResults, copyRun } from './copy.ts'
export { AREAS } from './doctor-walk.ts'
export { type Checkup, type CheckupPlace, type Finding, examine } from './doctor.ts'
export { collect } from './gc.ts'
