/** What each part of the project may import: the table in `docs/architecture.md`, as the build enforces it. */
export interface Row {
  /** Other parts of this project. `*`: any lib. */
  readonly libs: readonly string[]
  /** npm packages; `node:` modules are always allowed. */
  readonly packages: readonly string[]
}

export const TABLE: Readonly<Record<string, Row>> = {
  'libs/kernel': { libs: [], packages: [] },
  'libs/files': { libs: ['kernel'], packages: [] },
  'libs/secrets': { libs: ['kernel'], packages: [] },
  'libs/connectors': {
    libs: ['kernel', 'files'],
    packages: ['@duckdb/node-api', 'aws4fetch', 'pg', 'pg-cursor'],
  },
  'libs/kinds': {
    libs: ['kernel'],
    packages: ['@bufbuild/protobuf', '@duckdb/node-api', 'apache-arrow', 'iconv-lite', 'onnxruntime-node'],
  },
  'libs/pipelines': {
    libs: [],
    packages: ['cairn', 'zod', 'vega', 'vega-lite', 'vega-datasets'],
  },
  'libs/records': { libs: ['kernel', 'files', 'secrets'], packages: [] },
  'libs/execute': { libs: ['kernel', 'files', 'secrets', 'records'], packages: [] },
  'libs/testing': { libs: ['kernel', 'files', 'records', 'execute'], packages: [] },
  'libs/engine': { libs: ['kernel', 'records'], packages: [] },
  'libs/planner': { libs: ['kernel', 'secrets', 'records', 'engine'], packages: [] },
  'libs/maintenance': { libs: ['kernel', 'records'], packages: [] },
  'libs/fingerprint': { libs: ['kernel', 'files', 'records'], packages: ['oxc-parser', 'magic-string'] },
  'libs/drivers': { libs: ['kernel', 'files', 'secrets', 'records', 'execute'], packages: ['kafkajs', 'minio'] },
  'libs/workspace': {
    libs: ['kernel', 'files', 'records', 'execute', 'engine', 'planner', 'fingerprint', 'drivers'],
    packages: [],
  },
  'libs/embedded': { libs: ['kernel', 'records', 'engine', 'fingerprint', 'drivers', 'workspace'], packages: [] },
  'libs/explore': {
    libs: [
      ...['kernel', 'files', 'records', 'engine', 'planner'],
      ...['fingerprint', 'drivers', 'workspace', 'embedded'],
    ],
    packages: [],
  },
  'libs/promotion': { libs: ['kernel', 'records', 'maintenance', 'workspace', 'explore'], packages: [] },
  'libs/cairn': { libs: ['kernel', 'kinds', 'connectors', 'testing', 'workspace', 'explore'], packages: [] },
  'libs/consumer': { libs: ['kernel', 'records', 'drivers'], packages: [] },
  'libs/stage': {
    libs: ['kernel', 'records', 'engine', 'consumer'],
    packages: ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'reflect-metadata', 'rxjs'],
  },
  'libs/tracking': { libs: ['records'], packages: ['@opentelemetry/*'] },
  'apps/stage': { libs: ['*'], packages: ['@nestjs/*', 'pino', 'reflect-metadata', 'rxjs', 'zod'] },
  'apps/control': { libs: ['*'], packages: ['@nestjs/*', 'pino', 'reflect-metadata', 'rxjs', 'zod'] },
  'apps/cli': { libs: ['*'], packages: ['commander', 'log-update', 'string-width', 'yaml'] },
  'apps/create': { libs: [], packages: ['cairn', 'zod'] },
  'apps/docs': { libs: [], packages: ['typedoc', 'vitepress'] },
  infra: { libs: ['*'], packages: ['kafkajs', 'minio'] },
  tools: {
    libs: ['*'],
    packages: [
      '@microsoft/api-extractor',
      'rolldown-plugin-dts',
      'oxc-parser',
      'rolldown',
      '@duckdb/node-api',
      'onnxruntime-node',
      'vitest',
      'kafkajs',
      'minio',
    ],
  },
}

/** Packages only for tests, in any part. */
export const TEST_PACKAGES: readonly string[] = [
  'vitest',
  'kafkajs',
  'minio',
  'fast-check',
  'zod',
  'onnxruntime-node',
  '@duckdb/node-api',
  'oxc-parser',
  '@asyncapi/parser',
  'openapi-typescript',
  'prettier',
  'axe-core',
  'playwright-core',
  'ajv',
  'ajv-formats',
  '@nestjs/platform-fastify',
  '@arethetypeswrong/core',
  'publint',
  '@cairn/connectors',
  '@cairn/drivers',
  '@cairn/engine',
  '@cairn/execute',
  '@cairn/kinds',
  '@cairn/maintenance',
  '@cairn/planner',
  '@cairn/records',
  '@cairn/testing',
  '@cairn/tracking',
]

/** Parts that are started, or preloaded (`node --import`), and that no part imports. */
export const NEVER_IMPORTED: readonly string[] = ['cli', 'tracking']

/** Code that runs before the installation imports other parts by path. */
export const BEFORE_INSTALL = 'tools/setup/'

/** Tracking stays out of band: nothing that runs a step may import it, whatever its row says. */
export const NEVER_IN_STEPS: readonly RegExp[] = [
  /^@opentelemetry\//,
  /^pino/,
  /^winston/,
  /^@sentry\//,
  /^prom-client/,
  /^mlflow/,
  /^kafkajs/,
  /^minio/,
  /^@nestjs\//,
]
