import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

// Each as the name of a file and of a folder; the first of a pair would match the second if it were a pattern.
const NAMES = ['s[1]', 's1', 's*', 'sx', 's?', '{a,b}', "it's", '$HOME', '100%', 'year=2001', 'a\\b', '~', ']', 'v.gz']

const project = new CliProject({
  ...Object.fromEntries(
    NAMES.flatMap((name) => [
      [`data/${name}.csv`, `v\nfile ${name}\n`],
      [`data/in/${name}/f.csv`, `v\nfolder ${name}\n`],
    ]),
  ),
  'paths.pipeline.ts': `import { fromFile } from '@cairn/connectors'
import { pipeline, source } from '@cairn/kernel'
import { csv, parquet, sql, table } from '@cairn/kinds'
import { writeFileSync } from 'node:fs'
const NAMES = ${JSON.stringify(NAMES)}
const FILES = Object.fromEntries(NAMES.flatMap((name, at) => [['file' + at, fromFile('data/' + name + '.csv')], ['folder' + at, fromFile('data/in/' + name + '/f.csv')]]))
export const read = source('read', {
  reads: FILES,
  outputs: { rows: table({ v: 'string' }) },
  run: async (files) => {
    const all = []
    for (const file of Object.values(files)) all.push(...(await sql\`select * from \${csv(file, { header: true, delimiter: ';' })}\`.toArray()))
    return { rows: all }
  },
})
export const paths = pipeline('paths', () => read({}))
`,
})

it('reads exactly the named file, whatever the names of the file, its folders and the store', async () => {
  const { status, steps } = await project.run('paths', '--store', "st[o]re*?{}'$year=1")
  expect({ status, error: steps['read']!.error }).toEqual({ status: 'completed', error: undefined })
  const { stdout } = await project.cairn(
    '--json',
    'cat',
    'paths/latest/read/rows',
    '-n',
    '99',
    '--store',
    "st[o]re*?{}'$year=1",
  )
  const { columns, rows } = JSON.parse(stdout) as { columns: { name: string }[]; rows: string[][] }
  expect(columns.map(({ name }) => name)).toEqual(['v'])
  expect(rows.flat()).toEqual(NAMES.flatMap((name) => [`file ${name}`, `folder ${name}`]))
})
