import { defineConfig } from 'vitest/config'

const NEEDS_SERVERS = '**/*.servers.test.ts'

export default defineConfig({
  test: {
    reporters: process.env['CAIRN_TEST_REPORTS'] ? ['default', './tools/setup/reporter.js'] : ['default'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['{apps,libs,infra,tools}/**/*.test.ts'],
          globalSetup: 'tools/setup/build-for-tests.js',
          exclude: ['**/node_modules/**', NEEDS_SERVERS],
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: [`{apps,libs,infra,tools}/${NEEDS_SERVERS}`],
          exclude: ['**/node_modules/**'],
          globalSetup: ['tools/setup/build-for-tests.js', 'tools/servers/endpoints.ts'],
          // One after the other: they share the servers, and each has processes of its own.
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
