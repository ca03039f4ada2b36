import { describe } from 'vitest'
import { pages, testPage } from './page.fixture.ts'

describe.each(pages({ servers: false }))('%s', (file) => {
  testPage(file)
})
