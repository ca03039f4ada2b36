import type { DuckDBConnection } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'
import { CLOCKS, unrepeatable } from './unrepeatable.ts'

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
 * Checks that a text is one query, that it reads only the tables and files put into it, and that it returns the same
 * rows each time.
 *
 * @throws CairnError BAD_DEFINITION for any other text
 */
export async function inspect(
  connection: DuckDBConnection,
  { text, files, parallel }: { readonly text: string; readonly files: ReadonlySet<string>; readonly parallel: boolean },
): Promise<void> {
  const result = await connection.runAndReadAll('select json_serialize_sql($1::varchar)', [text])
  const parsed = JSON.parse(result.getRows()[0]![0] as string) as Parsed
  if (parsed.error_type === 'not implemented') throw refusal('only a query can be run', ONE_QUERY)
  if (parsed.error) throw refusal(`the query cannot be parsed: ${parsed.error_message}`, ONE_QUERY)
  if (parsed.statements!.length !== 1) throw refusal('the text contains several statements', ONE_QUERY)
  const functions = await unrepeatable(connection)
  const allowed: Allowed = { files, ...functions, parallel, named: new Set() }
  visit(parsed.statements, allowed)
}

/** What a part of a query may use. */
interface Allowed {
  readonly files: ReadonlySet<string>
  /** The functions that it must not use. */
  readonly varying: ReadonlySet<string>
  readonly aggregates: ReadonlySet<string>
  /** Whether several threads run the query. */
  readonly parallel: boolean
  /** The names that `with` defines around this part. */
  readonly named: ReadonlySet<string>
}

interface Parsed {
  readonly error: boolean
  readonly error_type?: string
  readonly error_message?: string
  readonly statements?: readonly Node[]
}
/** A node of the syntax tree, with the fields that matter here. */
interface Node {
  readonly type?: string
  readonly class?: string
  readonly catalog?: string
  readonly order_bys?: { readonly orders: readonly unknown[] }
  readonly function_name?: string
  readonly children?: readonly Node[]
  readonly column_names?: readonly string[]
  readonly table_name?: string
  readonly schema_name?: string
  readonly value?: { readonly value?: unknown }
  readonly function?: Node
  readonly sample?: { readonly seed: number } | null
  readonly cte_map?: { readonly map: readonly { readonly key: string; readonly value: Node }[] }
  readonly query?: { readonly node?: Node }
}

function inspectNode(node: Node, { named, files, varying, aggregates, parallel }: Allowed): void {
  const called = node.function_name?.toLowerCase()
  if (called && node.class === 'FUNCTION') {
    if (node.catalog)
      throw refusal(`the query calls ${node.catalog}.….${called}()`, `write ${called}() without a catalog`)
    if (parallel && aggregates.has(called) && !EXACT.has(called) && !node.order_bys?.orders.length)
      throw refusal(
        `the query runs on several threads and calls ${called}(), whose result depends on the order of rows`,
        'use sql`…` instead of sql.parallel`…`, or order the rows: list(x order by x)',
      )
    if (varying.has(called)) throw varies(`${called}()`)
    if (called === 'age' && node.children?.length === 1) throw varies('age() with one argument')
    if (BY_NAME.test(called)) inspectNamedFunction(node.children?.[1], varying)
  }
  const [column, ...qualifiers] = node.column_names ?? []
  if (column && qualifiers.length === 0 && CLOCKS.has(column.toLowerCase())) throw varies(column)
  if (node.sample?.seed === -1) throw refusal('the query takes a sample without a seed', 'add: repeatable (1)')
  if (node.sample && parallel)
    throw refusal(
      'the query takes a sample and runs on several threads, so each run would get a different sample',
      'use sql`…` instead of sql.parallel`…`',
    )
  if (node.type === 'SHOW_REF') throw refusal('only a query can be run', ONE_QUERY)
  if (node.type === 'TABLE_FUNCTION') inspectTableFunction(node.function!, files)
  if (node.type === 'BASE_TABLE' && (node.schema_name || !named.has(node.table_name!.toLowerCase())))
    throw refusal(
      `the query reads "${[node.schema_name, node.table_name].filter(Boolean).join('.')}", which is not an interpolated table`,
      'write: from ${table}, ${query} or ${parquet(path)}',
    )
}

/** Aggregates that do not depend on the order of rows. Sums do not if they are of integers or decimals. */
const EXACT = new Set(
  `count count_star count_if countif min max sum sum_no_overflow avg mean bool_and bool_or bit_and bit_or bit_xor
  bitstring_agg median quantile quantile_cont quantile_disc mad approx_count_distinct histogram histogram_exact
  grouping grouping_id`.split(/\s+/),
)

/** Functions that call the function named by their second argument. */
const BY_NAME = /^(list|array)_aggr(egate)?$|^aggregate$/

function inspectNamedFunction(name: Node | undefined, varying: ReadonlySet<string>): void {
  const text = name?.class === 'CONSTANT' ? name.value?.value : undefined
  if (typeof text !== 'string')
    throw refusal('the query computes the name of a function', 'write the name as a literal')
  if (varying.has(text.toLowerCase())) throw varies(`${text}()`)
}

function inspectTableFunction({ function_name: name, children }: Node, files: ReadonlySet<string>): void {
  if (TABLE_FUNCTIONS.has(name!)) return
  if (FILE_FUNCTIONS.has(name!) && constants(children![0]!).every((path) => files.has(path))) return
  throw refusal(`the query calls the table function ${name}(…)`, 'read files with ${parquet(path)} or ${csv(path)}')
}

function constants(node: Node): string[] {
  if (node.class === 'CONSTANT') return [(node as { value: { value: string } }).value.value]
  return node.function_name === 'list_value' ? node.children!.flatMap(constants) : ['']
}

function visit(value: unknown, allowed: Allowed): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) return value.forEach((part) => visit(part, allowed))
  const { cte_map: ctes, ...parts } = value as Node
  const inside = (ctes?.map ?? []).reduce(visitNamed, allowed)
  inspectNode(parts, inside)
  for (const part of Object.values(sortedList(parts) ?? parts)) visit(part, inside)
}

/** The list within `list(x order by x)`, which DuckDB parses as `list_sort(list(x), …)`. */
function sortedList({ function_name: name, children }: Node): Node | undefined {
  const [list] = children ?? []
  if (!/^(list|array)_(reverse_)?sort$/.test(name ?? '') || list?.function_name !== 'list') return undefined
  return { children: list.children! }
}

/** Adds the name of a `with` query. Later queries may use the name, and so may the query itself if it is recursive. */
function visitNamed(allowed: Allowed, { key, value }: { readonly key: string; readonly value: Node }): Allowed {
  const known = { ...allowed, named: new Set([...allowed.named, key.toLowerCase()]) }
  visit(value, value.query?.node?.type === 'RECURSIVE_CTE_NODE' ? known : allowed)
  return known
}

function varies(what: string): CairnError {
  return refusal(
    `the query calls ${what}, which returns a different value each time`,
    'make it a parameter of the step',
  )
}

function refusal(message: string, next: string): CairnError {
  return new CairnError('BAD_DEFINITION', message, { next })
}
