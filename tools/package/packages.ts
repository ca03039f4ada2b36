import { APPS, SERVICES, type Modules } from '../setup/apps.ts'

/** A package that users install, built from the packages in this repository's `libs`. */
export interface Published {
  readonly name: string
  readonly description: string
  /** What users import: sources, by subpath. They are bundled into `dist`. */
  readonly exports?: Modules
  /** Modules that are started and not imported: sources, by folder of the bundle and name of the module. */
  readonly programs?: Readonly<Record<string, Modules>>
  /** Commands: files of the package, by name. */
  readonly bin?: Readonly<Record<string, string>>
  /** Files and folders that are copied, by their places in the package. */
  readonly files?: Modules
  /** Packages that are installed with it, besides those that its modules import. */
  readonly dependencies?: readonly string[]
  /** Packages that a user's code imports too. */
  readonly peers?: readonly string[]
  /** Packages that a user installs only if they are needed. */
  readonly optionalPeers?: readonly string[]
  /** Whether there are source maps. @default true */
  readonly sourcemap?: boolean
  /** Bundles packages of others, so that Node loads fewer modules at start-up. */
  readonly bundlesOthers?: boolean
}

export const PUBLISHED: readonly Published[] = [
  {
    name: 'cairn',
    description: 'Declarative ML pipelines with checkpoints: definitions, kinds of artifacts, and the command line.',
    exports: {
      '.': 'libs/cairn/src/index.ts',
      './kinds': 'libs/cairn/src/kinds.ts',
      './kinds/testing': 'libs/cairn/src/kinds-testing.ts',
      './connectors': 'libs/cairn/src/connectors.ts',
      './explore': 'libs/cairn/src/explore.ts',
      './testing': 'libs/cairn/src/testing.ts',
    },
    programs: { '.': APPS['cli']! },
    bin: { cairn: 'bin/cairn.js' },
    files: {
      'bin/cairn.js': 'apps/cli/bin/cairn.js',
      'bin/newer-node.js': 'apps/cli/bin/newer-node.js',
      'bin/load.js': 'tools/package/load-cairn.js',
    },
    optionalPeers: ['onnxruntime-node', 'pg', 'pg-cursor'],
    bundlesOthers: true,
  },
  {
    name: 'create-cairn',
    description: 'npm create cairn: a project with a pipeline, its test, type checks and a CI workflow.',
    programs: { '.': { main: 'apps/create/src/main.ts' } },
    bin: { 'create-cairn': 'bin/create-cairn.js' },
    files: {
      'bin/create-cairn.js': 'apps/create/bin/create-cairn.js',
      'bin/load.js': 'tools/package/load-main.js',
      template: 'apps/create/template',
    },
  },
  {
    name: '@cairn/services',
    description: 'The services of Cairn, which cairn up starts: control, stages, and Kafka and MinIO for local work.',
    sourcemap: false,
    programs: {
      '.': SERVICES,
      servers: { main: 'tools/servers/main.ts', guard: 'tools/servers/guard.ts' },
    },
    optionalPeers: ['onnxruntime-node', 'pg', 'pg-cursor'],
    bundlesOthers: true,
  },
  {
    name: '@cairn/consumer',
    description: "Receives the events of Cairn's pipelines, and reads their artifacts.",
    exports: { '.': 'libs/consumer/src/index.ts', './connect': 'libs/consumer/src/connect.ts' },
  },
  {
    name: '@cairn/stage',
    description: "Receives the events of Cairn's pipelines in a NestJS microservice.",
    exports: { '.': 'libs/stage/src/index.ts' },
    peers: ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'reflect-metadata', 'rxjs'],
  },
  {
    name: '@cairn/tracking',
    description: 'OpenTelemetry traces, metrics and logs of Cairn, without a line in a step.',
    exports: { './register': 'libs/tracking/src/register.js' },
    programs: { '.': { exporter: 'libs/tracking/src/exporter.ts' } },
    dependencies: ['@opentelemetry/api'],
  },
]

/** The module of the bundle that a package exports under a subpath: `kinds-testing` for `./kinds/testing`. */
export function moduleName(subpath: string): string {
  return subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-')
}

/** The package of an import. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
