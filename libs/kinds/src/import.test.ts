import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

// Declaring kinds is what every process does first; few of them then read a table.
test('importing and declaring kinds loads neither DuckDB nor Arrow nor ONNX', async () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { table, partitions, model, json, metrics, file, sql, parquet } = await import('@cairn/kinds')
    const T = table({ a: 'int8' })
    partitions(T, 'a'), model(), json(), metrics(), file()
    sql\`select * from \${parquet('x.parquet')}\`
    console.log(JSON.stringify(loaded))`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
  })
  const loaded = JSON.parse((await run).stdout) as string[]
  expect(loaded.filter((url) => /kinds\/src\/index/.test(url))).toHaveLength(1)
  expect(loaded.filter((url) => /duckdb\/|apache-arrow|onnxruntime/.test(url))).toEqual([])
})
