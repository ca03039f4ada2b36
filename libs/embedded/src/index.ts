export { type RunOptions, type RunningRun, openHost, openPool, startRun, stillWaitingAfterMs } from './run.ts'
