import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const NEEDS_SERVERS = '**/*.servers.test.ts'
/** A limit for what hangs, and for nothing else: however slow a machine is, no test is to need so long. */
const PATIENCE_MS = 600_000

/** Files that take minutes start first, so that none of them is left to run alone at the end. */
const LONGEST = ['faults/', 'simulation/', 'tools/docs/', 'tools/servers/', 'kill.test', 'promote.test']
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((part) => moduleId.includes(part))
      return place < 0 ? LONGEST.length : place
    }
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

export default defineConfig({
  test: {
    reporters: process.env['CAIRN_TEST_REPORTS'] ? ['default', './tools/setup/reporter.js'] : ['default'],
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    expect: { poll: { timeout: PATIENCE_MS / 2 } },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['{apps,libs,infra,tools}/**/*.test.ts'],
          globalSetup: 'tools/setup/build-for-tests.js',
          exclude: ['**/node_modules/**', 'apps/create/template/**', NEEDS_SERVERS],
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: [`{apps,libs,infra,tools}/${NEEDS_SERVERS}`],
          exclude: ['**/node_modules/**'],
          globalSetup: ['tools/setup/build-for-tests.js', 'tools/servers/endpoints.ts'],
          // They share the servers, each with topics, an environment and processes of its own, and mostly wait.
          maxWorkers: 3,
        },
      },
    ],
  },
})
