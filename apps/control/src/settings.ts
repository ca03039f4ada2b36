import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { issueText } from './issue-text.ts'
import type { TokenLimits } from './limits.ts'

const ControlSettings = z.object({
  /** The project whose pipelines are planned. */
  CAIRN_ROOT: z.string().default(process.cwd()),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).default(8090),
  /** JSON file with the digests of valid tokens, and their rights. */
  CAIRN_TOKENS: z.string().min(1),
  /** Largest body of JSON, in bytes. */
  CAIRN_BODY_LIMIT: z.coerce.number().int().positive().default(1_000_000),
  /** Largest uploaded object, in bytes. */
  CAIRN_OBJECT_LIMIT: z.coerce
    .number()
    .int()
    .positive()
    .default(16 * 2 ** 30),
  /** Limits of each token: requests per second, concurrent requests, of these requests that plan, and concurrent followers. */
  CAIRN_TOKEN_RATE: z.coerce.number().positive().default(200),
  CAIRN_TOKEN_REQUESTS: z.coerce.number().int().positive().default(64),
  CAIRN_TOKEN_PLANS: z.coerce.number().int().positive().default(32),
  CAIRN_TOKEN_FOLLOWERS: z.coerce.number().int().positive().default(500),
  /** Planner processes, and requests that wait for one: to start runs, and as many to show plans. Default: one per core, up to four. */
  CAIRN_PLANNERS: z.coerce.number().int().positive().default(Math.min(4, availableParallelism())),
  CAIRN_PLAN_QUEUE: z.coerce.number().int().positive().default(128),
  /** Interval of the reconciler, in seconds. */
  CAIRN_SWEEP: z.coerce.number().positive().default(10),
  /** How long a run may be stalled before its events are sent again, in seconds. */
  CAIRN_LOST_AFTER: z.coerce.number().positive().default(60),
  /** How often pipelines are checked for a due collection, in seconds. */
  CAIRN_COLLECT: z.coerce.number().positive().default(60),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
})

export interface ControlSettings {
  readonly root: string
  readonly host: string
  readonly port: number
  readonly tokens: string
  readonly bodyLimit: number
  readonly objectLimit: number
  readonly tokenLimits: TokenLimits
  readonly planners: number
  readonly planQueue: number
  readonly sweepMs: number
  readonly lostAfterMs: number
  readonly collectMs: number
  readonly logLevel: string
}

/** @throws Error that names each missing or invalid variable */
export function readSettings(environment: NodeJS.ProcessEnv): ControlSettings {
  const read = ControlSettings.safeParse(environment)
  if (!read.success) throw new Error(issueText(read.error, 'the environment'))
  const { data } = read
  return {
    root: data.CAIRN_ROOT,
    host: data.HOST,
    port: data.PORT,
    tokens: data.CAIRN_TOKENS,
    bodyLimit: data.CAIRN_BODY_LIMIT,
    objectLimit: data.CAIRN_OBJECT_LIMIT,
    tokenLimits: {
      rate: data.CAIRN_TOKEN_RATE,
      atOnce: data.CAIRN_TOKEN_REQUESTS,
      plans: data.CAIRN_TOKEN_PLANS,
      followers: data.CAIRN_TOKEN_FOLLOWERS,
    },
    planners: data.CAIRN_PLANNERS,
    planQueue: data.CAIRN_PLAN_QUEUE,
    sweepMs: data.CAIRN_SWEEP * 1000,
    lostAfterMs: data.CAIRN_LOST_AFTER * 1000,
    collectMs: data.CAIRN_COLLECT * 1000,
    logLevel: data.LOG_LEVEL,
  }
}
