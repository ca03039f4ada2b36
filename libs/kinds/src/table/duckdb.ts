import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { CairnError, checkOptions, takes, type Bytes } from '@cairn/kernel'
import { GUARDS } from './unrepeatable.ts'

/** The version whose bytes the kind `table` promises. Another one needs a new `version` of the kind. */
export const DUCKDB = 'v1.5.6'

export interface TableSettings {
  /** What queries hold in memory before they spill to disk. Default 1 GB. */
  readonly memory?: Bytes
  /** How many threads a `sql.parallel` query uses; every other query uses one. Default: one a core. */
  readonly threads?: number
  /** Folder to spill to. Default: the system's for temporary files. */
  readonly scratch?: string
}

let settings: TableSettings = {}
const instances = new Map<Mode, Promise<DuckDBInstance>>()

/** To be called before the first table is read or written in this process. */
export function configureTables(chosen: TableSettings): void {
  if (instances.size > 0)
    throw new CairnError('BAD_DEFINITION', 'configureTables was called after tables have been used', {
      next: 'call it where the process starts',
    })
  checkOptions(chosen, { memory: takes.memory, threads: takes.whole(1), scratch: takes.text }, 'configureTables')
  settings = chosen
}

type Mode = 'serial' | 'parallel'

export interface LentConnection extends Disposable {
  readonly connection: DuckDBConnection
}

/** Lends a connection. Temporary tables and a query that still runs end with it. */
export async function lendConnection(mode: Mode): Promise<LentConnection> {
  const connection = await (await instance(mode)).connect()
  return { connection, [Symbol.dispose]: () => connection.closeSync() }
}

/** Lends a connection whose statements stop when the signal is aborted. */
export async function withConnection<Result>(
  mode: Mode,
  signal: AbortSignal,
  use: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  using lent = await lendConnection(mode)
  // Again and again: it stops what runs at that moment, and what has not begun yet goes on.
  let interrupting: NodeJS.Timeout | undefined
  const interrupt = () => {
    lent.connection.interrupt()
    interrupting ??= setInterval(interrupt, 10)
  }
  signal.addEventListener('abort', interrupt)
  try {
    signal.throwIfAborted()
    return await use(lent.connection)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(interrupting)
  }
}

function instance(mode: Mode): Promise<DuckDBInstance> {
  const found = instances.get(mode)
  if (found) return found
  const opening = open(mode)
  instances.set(mode, opening)
  return opening
}

// One thread: with more, sums of floats, the order of groups and the borders of row groups change from run to run.
// Queries still run beside each other, each on a thread of its own.
async function open(mode: Mode): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api') // 70 MB of native code
  const scratch = join(settings.scratch ?? tmpdir(), `cairn-duckdb-${randomUUID()}`)
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
  const created = await DuckDBInstance.create(':memory:', {
    threads: String(mode === 'serial' ? 1 : (settings.threads ?? availableParallelism())),
    memory_limit: memoryLimit(settings.memory ?? '1GB'),
    temp_directory: scratch,
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  })
  const connection = await created.connect()
  await connection.run(`set global timezone = 'UTC'; ${GUARDS}; set lock_configuration = true`)
  connection.closeSync()
  return created
}

function memoryLimit(memory: Bytes): string {
  return typeof memory === 'number' ? `${memory}B` : memory
}
