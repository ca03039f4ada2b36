import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['{apps,libs,tools}/**/*.test.ts'], testTimeout: 30_000 },
})
