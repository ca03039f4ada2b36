import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['{apps,libs,tools}/**/*.test.ts'], exclude: ['**/node_modules/**'], testTimeout: 30_000 },
})
