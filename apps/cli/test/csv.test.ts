import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const many = Array.from({ length: 30_000 }, (_, at) => `${at},${at}\n`).join('')

/** What a file gives that is read with columns a and b found out, and with them declared; or why it cannot be read. */
const FILES: Readonly<Record<string, readonly [bytes: string | Buffer, found: string, declared?: string]>> = {
  header: ['a,b\n', '[]'],
  ends: ['a,b', '[]'],
  marked: ['\ufeffa,b\n1,2\n', '[{"a":1,"b":2}]', '[{"a":1,"b":"2"}]'],
  windows: ['a,b\r\n1,2\r\n', '[{"a":1,"b":2}]', '[{"a":1,"b":"2"}]'],
  nul: ['b,a\nx\0y,2\n', '[{"a":2,"b":"x\\u0000y"}]', 'the declared columns are a, b, but the file has b, a'],
  empty: ['', '/empty.csv is empty'],
  blank: ['\ufeff \n\n', '/blank.csv is empty'],
  short: ['a,b\n1\n', '/short.csv:2 has 1 cell, but there are 2 columns'],
  middle: ['a,b\n1,2\n3\n4,5\n', '/middle.csv:3 has 1 cell, but there are 2 columns'],
  long: ['a,b\n1,2\n3,4,5\n', '/long.csv:3 has 3 cells, but there are 2 columns'],
  late: [`a,b\n${many}7\n`, '/late.csv:30002 has 1 cell, but there are 2 columns'],
  packed: [gzipSync('a,b\n1,2\n3\n'), '/packed.csv:3 has 1 cell, but there are 2 columns'],
  latin: [Buffer.from('a,b\n1,2\n3,café\n', 'latin1'), '/latin.csv:3 is not valid UTF-8'],
  wide: [Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), '/wide.csv:1 is not valid UTF-8'],
  mixed: ['a,b\r\n1,2\n3,4\r\n', '/mixed.csv:2 ends with LF, but earlier lines end with CRLF'],
  open: ['a,b\n1,"x\n3,4\n', '/open.csv:2 has an unclosed quote'],
  behind: ['a,b\n"1"x,2\n', '/behind.csv:2 has text after the closing quote of a cell'],
  one: ['name\nfoo\nbar\n', '[{"name":"foo"},{"name":"bar"}]', '/one.csv:1 has 1 cell, but there are 2 columns'],
}

it('reads a CSV file exactly, or refuses it with the line and a clear message', async () => {
  const names = Object.keys(FILES)
  const step = (name: string, file: string, options: string) =>
    `export const ${name} = source('${name.replace('_', '-')}', { reads: { file: fromFile('${file}.csv') }, outputs: { v: json<unknown>() },
  run: async ({ file }) => ({ v: JSON.parse(JSON.stringify(await sql\`select * from \${csv(file${options})}\`.toArray(), plain)) }) })`
  const project = new CliProject({
    'rows.pipeline.ts': `import { fromFile } from '@cairn/connectors'
import { pipeline, source } from '@cairn/kernel'
import { csv, json, sql } from '@cairn/kinds'
const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
${names.map((name) => `${step(name, name, '')}\n${step(`${name}_typed`, name, `, { columns: { a: 'int32?', b: 'string?' } }`)}`).join('\n')}
export const rows = pipeline('rows', () => ({ ${names.map((name) => `${name}: ${name}({}).v, ${name}2: ${name}_typed({}).v`).join(', ')} }))
`,
  })
  for (const name of names) writeFileSync(project.path(`${name}.csv`), FILES[name]![0])
  const { steps } = await project.run('rows')
  for (const [name, [, found, declared = found]] of Object.entries(FILES))
    for (const [id, told] of [[name, found] as const, [`${name}-typed`, declared] as const]) {
      const { outputs, error } = steps[id]!
      expect(outputs?.['v']?.text ?? error?.message, id).toContain(told)
      expect(JSON.stringify(error ?? ''), id).not.toMatch(/sample_size|strict_mode|types=|null_padding|COPY|Possible/)
    }
}, 90_000)
