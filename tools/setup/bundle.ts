// Bundles modules of Cairn and what they import into few large modules.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown, type OutputChunk } from 'rolldown'
import type { Modules } from './apps.ts'

/** The folder of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..')

// Large, some of it native, and loaded only when needed.
const APART = new Set(['oxc-parser', 'magic-string', '@duckdb/node-api', 'apache-arrow', 'onnxruntime-node'])
const NEVER = [
  /^@nestjs\/(websockets|platform-)(?!fastify)/,
  /^@grpc\//,
  /^(class-validator|class-transformer|amqplib|amqp-connection-manager|cache-manager|ioredis|mqtt|nats|@nats-io\/.*)$/,
  /^@fastify\/(static|view|multipart)$/,
]
/** Whether Nest requires a package only if it is used, and it is not. */
export function isNeverLoaded(id: string): boolean {
  return NEVER.some((pattern) => pattern.test(id))
}

/** The given files of a folder, by names without `.ts`. @throws Error if one does not exist, as it was renamed */
function files(folder: string, names: string): RegExp {
  const all = names.trim().split(/\s+/)
  const missing = all.filter((name) => !existsSync(join(ROOT, folder, 'src', `${name}.ts`)))
  if (missing.length > 0)
    throw new Error(`${folder}/src has no ${missing.join(', ')}: correct the groups of the bundle`)
  return new RegExp(`/${folder}/src/(${all.join('|')})\\.ts$`)
}
/**
 * Groups what nearly every command loads, then what every run loads, into few chunks, as each takes Node about half a
 * millisecond. Modules of a step's own process (libs/drivers/src/compute: worker, captured-output, confinement) stay out of the
 * large ones.
 */
const TOGETHER = [
  { name: 'text', test: files('libs/workspace', 'format number-text'), priority: 1 },
  { name: 'kernel', test: /\/libs\/kernel\// },
  { name: 'engine', test: /\/libs\/(files|secrets|records|execute|engine|planner)\// },
  { name: 'workspace', test: /\/libs\/(workspace|embedded)\// },
  { name: 'terminal', test: files('apps/cli', 'command-names terminal/style terminal/print') },
  {
    name: 'running',
    test: files(
      'apps/cli',
      `clock-warnings continue-command drive-run error-text fetch-notes open refuse-repeats run-details run-summary
       uncaught-errors written-files
       remote/control-client remote/waiting terminal/progress terminal/run-view terminal/table`,
    ),
  },
  {
    name: 'code',
    test: files(
      'libs/fingerprint',
      `cache closure closures digest effect-order explain find-steps import-faults link load-fault load-graph modules
       nesting walk writers lint/lint state/state
       analyse/depth analyse/inert analyse/reach-rules analyse/step-call analyse/syntax`,
    ),
  },
  {
    name: 'drivers',
    test: files(
      'libs/drivers',
      `identity lock store/control store/control-answers store/folder store/folder-leftovers
       events/memory events/redelivery
       compute/crash compute/durations compute/host-compute compute/host-health compute/in-process compute/inputs
       compute/known-secrets compute/line-splitter compute/oom-kills compute/pool compute/semaphore compute/session
       compute/short-bodies-in-process compute/worker-output compute/worker-process`,
    ),
  },
]

interface BundleOptions {
  /** Folder of the bundle. */
  readonly dir: string
  /** Packages to leave out, besides the large ones. @default none */
  readonly external?: (id: string) => boolean
  /** @default true */
  readonly sourcemap?: boolean
  /** Path of a source in the source maps. @default relative to the bundle */
  readonly sourcemapPathTransform?: (source: string, map: string) => string
}

/** Bundles modules and what they import. Returns the chunks of the bundle. */
export async function bundle(
  entries: Modules,
  { dir, external = () => false, sourcemap = true, sourcemapPathTransform }: BundleOptions,
): Promise<OutputChunk[]> {
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(ROOT, file)])),
    platform: 'node',
    external: (id, from = '') => APART.has(id) || external(id) || (from.includes('/@nestjs/') && isNeverLoaded(id)),
    tsconfig: join(ROOT, 'tsconfig.base.json'),
    preserveEntrySignatures: 'allow-extension',
    checks: { eval: false },
    transform: { target: 'node22.19' },
  })
  const { output } = await bundle.write({
    dir,
    format: 'esm',
    sourcemap,
    codeSplitting: { includeDependenciesRecursively: false, groups: TOGETHER },
    ...(sourcemapPathTransform && { sourcemapPathTransform }),
  })
  return output.filter((chunk) => chunk.type === 'chunk')
}
