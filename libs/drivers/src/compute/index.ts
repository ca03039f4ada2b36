export { inProcess } from './in-process.ts'
export { processPool, type Pool, type PoolOptions } from './pool.ts'
export type { ComputeOptions } from './options.ts'
