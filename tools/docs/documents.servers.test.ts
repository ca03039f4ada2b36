import { describe, inject } from 'vitest'
import { pages, testPage } from './page.fixture.ts'

describe.skipIf(!inject('servers')).each(pages({ servers: true }))('%s', (file) => {
  testPage(file)
})
