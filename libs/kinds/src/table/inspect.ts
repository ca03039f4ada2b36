import type { DuckDBConnection } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'

/** Functions whose result depends on more than their arguments. */
export const UNREPEATABLE = new Set([
  'now',
  'today',
  'ago',
  'current_date',
  'get_current_time',
  'get_current_timestamp',
  'transaction_timestamp',
  'current_localtime',
  'current_localtimestamp',
  'pg_conf_load_time',
  'pg_postmaster_start_time',
  'random',
  'setseed',
  'uuid',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
  'reservoir_quantile',
  'nextval',
  'currval',
  'txid_current',
  'current_query',
  'current_query_id',
  'current_connection_id',
  'current_transaction_id',
  'write_log',
  'sleep_ms',
  'stats',
])
/** SQL spells these without parentheses, so that they look like columns. */
const CLOCKS = new Set(['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp'])
const TABLE_FUNCTIONS = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
  'json_each',
  'json_tree',
])
const FILE_FUNCTIONS = new Set(['read_parquet', 'read_csv'])

const ONE_QUERY = 'write one query: select … or with … select …'

/**
 * Lets a query pass only if it is one, if it reads nothing but tables and files that were put into it, and if it gives
 * the same rows each time.
 */
export async function inspect(connection: DuckDBConnection, text: string, files: ReadonlySet<string>): Promise<void> {
  const result = await connection.runAndReadAll('select json_serialize_sql($1::varchar)', [text])
  const parsed = JSON.parse(result.getRows()[0]![0] as string) as Parsed
  if (parsed.error_type === 'not implemented') throw refusal('only a query can be run', ONE_QUERY)
  if (parsed.error) throw refusal(`the query cannot be parsed: ${parsed.error_message}`, ONE_QUERY)
  if (parsed.statements!.length !== 1) throw refusal('the text holds several statements', ONE_QUERY)
  const named = new Set<string>()
  visit(parsed.statements, (node) => {
    for (const { key } of node.cte_map?.map ?? []) named.add(key.toLowerCase())
  })
  visit(parsed.statements, (node) => inspectNode(node, named, files))
}

interface Parsed {
  readonly error: boolean
  readonly error_type?: string
  readonly error_message?: string
  readonly statements?: readonly Node[]
}
/** Any node of the tree, with those of its fields that matter here. */
interface Node {
  readonly type?: string
  readonly class?: string
  readonly function_name?: string
  readonly children?: readonly Node[]
  readonly column_names?: readonly string[]
  readonly table_name?: string
  readonly function?: Node
  readonly sample?: { readonly seed: number } | null
  readonly cte_map?: { readonly map: readonly { readonly key: string }[] }
}

function inspectNode(node: Node, named: ReadonlySet<string>, files: ReadonlySet<string>): void {
  const called = node.function_name?.toLowerCase()
  if (called && node.class === 'FUNCTION') {
    if (UNREPEATABLE.has(called)) throw unrepeatable(`${called}()`)
    if (called === 'age' && node.children?.length === 1) throw unrepeatable('age() of one date')
  }
  const [column, ...qualifiers] = node.column_names ?? []
  if (column && qualifiers.length === 0 && CLOCKS.has(column.toLowerCase())) throw unrepeatable(column)
  if (node.sample?.seed === -1) throw refusal('the query takes a sample without a seed', 'write … repeatable (1)')
  if (node.type === 'SHOW_REF') throw refusal('only a query can be run', ONE_QUERY)
  if (node.type === 'TABLE_FUNCTION') inspectTableFunction(node.function!, files)
  if (node.type === 'BASE_TABLE' && !named.has(node.table_name!.toLowerCase()))
    throw refusal(
      `the query reads "${node.table_name}", which was not put into it`,
      'write from ${table}, ${query} or ${parquet(path)}',
    )
}

function inspectTableFunction({ function_name: name, children }: Node, files: ReadonlySet<string>): void {
  if (TABLE_FUNCTIONS.has(name!)) return
  if (FILE_FUNCTIONS.has(name!) && constants(children![0]!).every((path) => files.has(path))) return
  throw refusal(`the query calls ${name}(…) as a table`, 'put files into it with ${parquet(path)} or ${csv(path)}')
}

function constants(node: Node): string[] {
  if (node.class === 'CONSTANT') return [(node as { value: { value: string } }).value.value]
  return node.function_name === 'list_value' ? node.children!.flatMap(constants) : ['']
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) see(value)
  for (const part of Object.values(value)) visit(part, see)
}

function unrepeatable(what: string): CairnError {
  return refusal(`the query calls ${what}, which gives another value each time`, 'make it a parameter of the step')
}

function refusal(message: string, next: string): CairnError {
  return new CairnError('BAD_DEFINITION', message, { next })
}
