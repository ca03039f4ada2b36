import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { documentAlone } from './document.fixture.ts'
import { restPage } from './rest-page.fixture.ts'

const PAGE = resolve(import.meta.dirname, '../../../docs/rest.md')
const HOW = 'DOCS_UPDATE=1 npx vitest run --project alone apps/control/test/rest-page'

it('the page of the HTTP API says what the OpenAPI document says', async () => {
  const page = await restPage(await documentAlone())
  if (process.env['DOCS_UPDATE'] === '1') writeFileSync(PAGE, page)
  expect(readFileSync(PAGE, 'utf8'), HOW).toBe(page)
})
