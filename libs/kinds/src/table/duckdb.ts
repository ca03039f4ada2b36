import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { CairnError, checkOptions, takes, type Bytes } from '@cairn/kernel'
import { GUARDS } from './unrepeatable.ts'

/** The version of DuckDB that writes the bytes of the kind `table`. Another one needs a new `version` of the kind. */
export const DUCKDB = 'v1.5.6'

/** Settings of {@link configureTables}. */
export interface TableSettings {
  /** The memory that queries use before they spill to disk. @default '1GB' */
  readonly memory?: Bytes
  /** The threads of a `sql.parallel` query. Every other query uses one. @default one per core */
  readonly threads?: number
  /** The folder to spill to. @default the system's temporary folder */
  readonly scratch?: string
}

let settings: TableSettings = {}
const instances = new Map<Mode, Promise<DuckDBInstance>>()

/**
 * Configures how this process runs queries. Call it before the first table is read or written.
 *
 * @throws CairnError BAD_DEFINITION after that, or for a wrong setting
 */
export function configureTables(chosen: TableSettings): void {
  if (instances.size > 0)
    throw new CairnError('BAD_DEFINITION', 'configureTables was called after tables were used', {
      next: 'call it when the process starts',
    })
  checkOptions(chosen, { memory: takes.memory, threads: takes.whole(1), scratch: takes.text }, 'configureTables')
  settings = chosen
}

type Mode = 'serial' | 'parallel'

export interface LentConnection extends Disposable {
  readonly connection: DuckDBConnection
}

/** Lends a connection. Disposing it drops its temporary tables and stops a running query. */
export async function lendConnection(mode: Mode): Promise<LentConnection> {
  const connection = await (await instance(mode)).connect()
  return { connection, [Symbol.dispose]: () => connection.closeSync() }
}

/** Lends a connection whose statements stop when the signal aborts. */
export async function withConnection<Result>(
  mode: Mode,
  signal: AbortSignal,
  use: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  using lent = await lendConnection(mode)
  // Repeats the interrupt: one interrupt stops only the current statement, and the next one still starts.
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

/** The folder for temporary files. */
export function spillFolder(): string {
  return settings.scratch ?? tmpdir()
}

function instance(mode: Mode): Promise<DuckDBInstance> {
  const found = instances.get(mode)
  if (found) return found
  const opening = open(mode)
  instances.set(mode, opening)
  return opening
}

// A serial query uses one thread: with more, sums of floats, the order of groups and the borders of row groups change
// from run to run. Several serial queries still run concurrently.
async function open(mode: Mode): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api') // 70 MB of native code
  const scratch = join(spillFolder(), `cairn-duckdb-${randomUUID()}`)
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
