import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { hasPostgres, startPostgres } from '@cairn/connectors/postgres.fixture'
import { CliProject } from './project.fixture.ts'

const pipelineOf = (database: string, more = '') => `
import { fromSql, postgres, sqlite } from '@cairn/connectors'
import { pipeline, source, step } from '@cairn/kernel'
import { json, sql, table } from '@cairn/kinds'
const Orders = table({ id: 'int64', total: 'float64' })
export const load = source('load', {
  reads: { orders: fromSql(${database}) }, outputs: { orders: Orders }, ${more}
  run: ({ orders }) => ({ orders }),
})
export const sum = step('sum', {
  inputs: { orders: Orders }, outputs: { total: json<number>() },
  run: async ({ orders }) => ({ total: (await sql\`select sum(total) as n from \${orders}\`.toArray())[0].n as number }),
})
export const shop = pipeline('shop', () => sum(load({})))
`

async function total(project: CliProject): Promise<unknown[]> {
  const { code, steps } = await project.run('shop')
  return [code, steps['load']!.how, JSON.parse(steps['sum']!.outputs!['total']!.text!)]
}

it('a pipeline reads a table of a SQLite file, again when it changes', async () => {
  const query = `sqlite('data.db'), 'select id, total from orders where total > ? order by id', { values: [1] }`
  const project = new CliProject({ 'shop.pipeline.ts': pipelineOf(query) })
  const database = new DatabaseSync(project.path('data.db'))
  database.exec('create table orders (id integer, total real); insert into orders values (1, 0.5), (2, 1.5), (3, 2.5)')
  expect([await total(project), await total(project)]).toEqual([
    [0, 'computed', 4],
    [0, 'reused', 4],
  ])
  database.exec('update orders set total = 3.5 where id = 3')
  database.close()
  expect(await total(project)).toEqual([0, 'computed', 5])
})

it.skipIf(!hasPostgres)('a pipeline reads a table of PostgreSQL, and plans with its watermark', async () => {
  const server = await startPostgres()
  try {
    await server.run(
      'create table orders (id bigint, total float8, changed_at timestamptz default now())',
      'insert into orders values (1, 0.5), (2, 1.5)',
    )
    const query = `postgres('SHOP_DATABASE'), 'select id, total from orders order by id', {
      watermark: 'select max(changed_at), count(*) from orders',
    }`
    const project = new CliProject({ 'shop.pipeline.ts': pipelineOf(query, `secrets: ['SHOP_DATABASE'],`) })
    project.write({ '.cairn/secrets.json': JSON.stringify({ SHOP_DATABASE: server.url }), '.gitignore': '.cairn\n' })
    expect([await total(project), await total(project)]).toEqual([
      [0, 'computed', 2],
      [0, 'reused', 2],
    ])
    await server.run('insert into orders values (3, 4)')
    expect(await total(project)).toEqual([0, 'computed', 6])
    await server.close()
    const { stdout, stderr } = await project.cairn('run', 'shop')
    expect(stdout + stderr).toContain('cannot read from the PostgreSQL database of SHOP_DATABASE: ')
    expect(stdout + stderr).not.toContain('s3cret')
  } finally {
    await server.close()
  }
})
