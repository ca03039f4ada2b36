import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Confinement } from '@cairn/drivers/compute'
import type { Bytes } from '@cairn/kernel'
import { byteCount } from '@cairn/kernel/contract'
import { z } from 'zod'

function parts(separator: string) {
  return (text: string): readonly string[] => text.split(separator).filter((part) => part !== '')
}

function bytes(text: string, context: z.RefinementCtx): number {
  try {
    return byteCount(text as Bytes)
  } catch (error) {
    context.addIssue((error as Error).message)
    return z.NEVER
  }
}

const StageSettings = z.object({
  CAIRN_PIPELINE: z.string().min(1),
  /** The step whose tasks this process runs. */
  CAIRN_STEP: z.string().min(1),
  /** The folder from which packages and the files of sources are found. */
  CAIRN_ROOT: z.string().default(process.cwd()),
  /** The folder of work in progress and fetched objects. */
  CAIRN_SCRATCH: z.string().default('/tmp/cairn'),
  /** Maximum size of the fetched objects in it, such as 500MB. If the disk has less space, they take less. */
  CAIRN_CACHE_LIMIT: z.string().default('16GB').transform(bytes),
  /** The port of the health probes. */
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).default(8080),
  /** Maximum number of concurrent bodies. */
  CAIRN_JOBS: z.coerce.number().int().min(1).default(availableParallelism()),
  /** Maximum number of tasks in progress: while some compute, others fetch and commit. */
  CAIRN_TASKS: z.coerce.number().int().min(1).default(16),
  /** Maximum time of a shutdown, in seconds; short work may still end in the first half. */
  CAIRN_SHUTDOWN_TIMEOUT: z.coerce.number().positive().default(20),
  /** After this time without a heartbeat, the process counts as dead and its events go to another. Seconds. */
  CAIRN_SESSION: z.coerce.number().min(6).default(10),
  /** After this time, a warning says that a body without a timeout is still running. Seconds. */
  CAIRN_STILL_WAITING: z.coerce.number().positive().default(30),
  /** Environment variables that the step may see, separated by commas. */
  CAIRN_STEP_ENVIRONMENT: z.string().default('').transform(parts(',')),
  /** Files and folders outside the project that its step may read. */
  CAIRN_STEP_READS: z.string().default('').transform(parts(delimiter)),
  /** Files and folders that its step may write, besides its scratch folder. */
  CAIRN_STEP_WRITES: z.string().default('').transform(parts(delimiter)),
  /** Whether its step may start programs. */
  CAIRN_STEP_PROGRAMS: z.stringbool().default(false),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
})

export interface StageSettings {
  readonly pipeline: string
  readonly step: string
  readonly root: string
  readonly scratch: string
  /** The folder of local copies of objects and code. */
  readonly copies: string
  /** Maximum size of the copies, in bytes. */
  readonly copiesLimit: number
  readonly host: string
  readonly port: number
  readonly jobs: number
  readonly tasks: number
  readonly graceMs: number
  readonly sessionMs: number
  readonly stillWaitingAfterMs: number
  /** What the step may access on this machine. */
  readonly confinement: Confinement
  readonly logLevel: string
}

/** @throws Error that names each missing or invalid variable */
export function readSettings(environment: NodeJS.ProcessEnv): StageSettings {
  const read = StageSettings.safeParse(environment)
  if (!read.success) throw new Error(z.prettifyError(read.error))
  const { data } = read
  return {
    pipeline: data.CAIRN_PIPELINE,
    step: data.CAIRN_STEP,
    root: data.CAIRN_ROOT,
    scratch: data.CAIRN_SCRATCH,
    copies: join(data.CAIRN_SCRATCH, 'objects'),
    copiesLimit: data.CAIRN_CACHE_LIMIT,
    host: data.HOST,
    port: data.PORT,
    jobs: data.CAIRN_JOBS,
    tasks: data.CAIRN_TASKS,
    graceMs: data.CAIRN_SHUTDOWN_TIMEOUT * 1000,
    sessionMs: data.CAIRN_SESSION * 1000,
    stillWaitingAfterMs: data.CAIRN_STILL_WAITING * 1000,
    confinement: {
      environment: data.CAIRN_STEP_ENVIRONMENT,
      reads: data.CAIRN_STEP_READS,
      writes: data.CAIRN_STEP_WRITES,
      programs: data.CAIRN_STEP_PROGRAMS,
    },
    logLevel: data.LOG_LEVEL,
  }
}
