import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TABLE } from './table.ts'

test('the architecture page shows what each package may import', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/architecture.md'), 'utf8')
  const rows = [...page.matchAll(/^\| \[`((?:libs|apps)\/\w+)`\].*?\|[^|]*\|([^|]*)\|/gm)]
  const shown = Object.fromEntries(rows.map(([, name, libs]) => [name, libs!.trim().split(', ').toSorted()]))
  const allowed = Object.entries(TABLE)
    .filter(([name]) => name.includes('/'))
    .map(([name, { libs }]) => [name, libs[0] === '*' ? ['any'] : libs.length === 0 ? ['nothing'] : libs.toSorted()])
  expect(shown).toEqual(Object.fromEntries(allowed))
})
