import type { DuckDBConnection } from '@duckdb/node-api'

// DuckDB marks these functions as consistent, although they read settings and variables, or draw a sample.
const NOT_TOLD = ['current_setting', 'getvariable', 'reservoir_quantile']
// `error` has no result, and `pi` is a constant.
const HARMLESS = new Set(['error', 'pi'])

interface Listed {
  readonly name: string
  readonly type: string
  readonly stability: string | null
  readonly sideEffects: boolean | null
  readonly alone: boolean
  readonly macro: string | null
}

/** The functions that SQL calls without parentheses, so that they look like columns. */
export const CLOCKS = new Set(['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp'])

/**
 * SQL that runs when a database opens. It refuses `timezone` for a time of day: the result depends on the offset of the
 * zone on the day of the query, although DuckDB marks the function as consistent. For other types it is consistent.
 */
export const GUARDS = `
  create macro timezone(moment) as system.main.timezone(moment), (zone, moment) as
    case when typeof(system.main.timezone(zone, moment)) = 'TIME WITH TIME ZONE'
      then error('converting a time of day to another time zone depends on the current date: use a timestamp with a date')
      else system.main.timezone(zone, moment) end`

/** The names of functions, in lower case. */
export interface Functions {
  /** Functions that may return another value each time. */
  readonly varying: ReadonlySet<string>
  readonly aggregates: ReadonlySet<string>
}

let known: Promise<Functions> | undefined

/** Asks DuckDB once which functions are not marked as consistent or have no arguments, and which macros use them. */
export function unrepeatable(connection: DuckDBConnection): Promise<Functions> {
  known ??= find(connection).catch((error: unknown) => {
    known = undefined
    throw error
  })
  return known
}

async function find(connection: DuckDBConnection): Promise<Functions> {
  const result = await connection.runAndReadAll(`
    select lower(function_name) as name, function_type as type, stability, has_side_effects as "sideEffects",
      bool_and(len(parameters) = 0 and varargs is null) over (partition by lower(function_name)) as alone, lower(macro_definition) as macro
    from duckdb_functions() where function_type in ('scalar', 'aggregate', 'macro')`)
  const functions = result.getRowObjectsJson() as unknown as Listed[]
  const found = new Set(NOT_TOLD)
  for (const { name, type, stability, sideEffects, alone } of functions) {
    const varies = sideEffects === true || (stability !== null && stability !== 'CONSISTENT')
    if ((varies || (type === 'scalar' && alone)) && !HARMLESS.has(name)) found.add(name)
  }
  for (let before = -1; before < found.size;) {
    before = found.size
    for (const { name, macro } of functions) if (macro !== null && uses(macro, found)) found.add(name)
  }
  const aggregates = functions.filter(({ type }) => type === 'aggregate').map(({ name }) => name)
  return { varying: found, aggregates: new Set(aggregates) }
}

/** Whether a macro uses a varying function. A macro with `from` reads the catalogue, which may change. */
function uses(macro: string, found: ReadonlySet<string>): boolean {
  return / from /.test(macro) || (macro.match(/\w+/g) ?? []).some((word) => found.has(word) || CLOCKS.has(word))
}
