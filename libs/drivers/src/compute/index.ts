export { inProcess } from './in-process.ts'
export { processPool, type Pool, type PoolOptions } from './pool.ts'
export { shortHere, type Durations } from './short-here.ts'
export type { ComputeOptions } from './options.ts'
