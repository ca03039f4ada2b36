import { z } from 'zod'

const Settings = z.object({
  /** The project whose pipelines are planned here. */
  CAIRN_ROOT: z.string().default(process.cwd()),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).default(8090),
  /** JSON file with the digests of the tokens that are let in, and what each may do. */
  CAIRN_TOKENS: z.string().min(1),
  /** Largest request, in bytes. */
  CAIRN_BODY_LIMIT: z.coerce.number().int().positive().default(1_000_000),
  /** How often runs are looked after, in seconds. */
  CAIRN_SWEEP: z.coerce.number().positive().default(10),
  /** How long a run may stand still before its events are told again, in seconds. */
  CAIRN_LOST_AFTER: z.coerce.number().positive().default(60),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
})

export interface Settings {
  readonly root: string
  readonly host: string
  readonly port: number
  readonly tokens: string
  readonly bodyLimit: number
  readonly sweepMs: number
  readonly lostAfterMs: number
  readonly logLevel: string
}

/** @throws Error that names each variable which is missing or wrong */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const read = Settings.safeParse(environment)
  if (!read.success) throw new Error(z.prettifyError(read.error))
  const { data } = read
  return {
    root: data.CAIRN_ROOT,
    host: data.HOST,
    port: data.PORT,
    tokens: data.CAIRN_TOKENS,
    bodyLimit: data.CAIRN_BODY_LIMIT,
    sweepMs: data.CAIRN_SWEEP * 1000,
    lostAfterMs: data.CAIRN_LOST_AFTER * 1000,
    logLevel: data.LOG_LEVEL,
  }
}
