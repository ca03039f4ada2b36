import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// npm run docs:check: looks at the built site in a browser. Not part of `npm test`, which needs no browser.
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../../../..'),
    include: ['apps/docs/test/browser/*.browser.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})
