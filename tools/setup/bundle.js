// Bundles modules of Cairn and what they import into few large modules.
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from './install.js'

// Large, some of it native, and loaded only when needed.
const APART = new Set(['oxc-parser', 'magic-string', '@duckdb/node-api', 'apache-arrow', 'onnxruntime-node'])
/** Nest only requires these if they are used, and none is. */
const NEVER = [
  /^@nestjs\/(websockets|platform-)(?!fastify)/,
  /^@grpc\//,
  /^(class-validator|class-transformer|amqplib|amqp-connection-manager|cache-manager|ioredis|mqtt|nats|@nats-io\/.*)$/,
  /^@fastify\/(static|view|multipart)$/,
]
export function isNeverLoaded(id) {
  return NEVER.some((pattern) => pattern.test(id))
}

/** The given files of a folder, by names without `.ts`. */
const files = (folder, names) => new RegExp(`/${folder}/src/(${names.trim().split(/\s+/).join('|')})\\.ts$`)
/**
 * Groups what nearly every command loads, then what every run loads, into few chunks, as each takes Node about half a
 * millisecond. Modules of a step's own process (libs/drivers/src/compute: worker, printed, confinement) stay out of the
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
      `clock-notes continued drive-run error-text fetches open repeats run-details run-summary strays written-files
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
       compute/crash compute/in-process compute/inputs compute/known-secrets compute/lines compute/oom-kills compute/pool
       compute/printout compute/session compute/short-here compute/slots compute/while-well compute/worker-process`,
    ),
  },
]

/**
 * @param {Record<string, string>} entries files to bundle, from the repository's folder, by their names in the bundle
 * @param {{ dir: string, external?: (id: string) => boolean, sourcemapPathTransform?: (source: string, map: string) => string }} out
 *   `external`: packages to leave out, besides the large ones
 * @returns the modules of the bundle: their chunks, and the files that they contain
 */
export async function bundle(entries, { dir, external = () => false, sourcemapPathTransform }) {
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
    platform: 'node',
    external: (id, from = '') => APART.has(id) || external(id) || (from.includes('/@nestjs/') && isNeverLoaded(id)),
    tsconfig: join(root, 'tsconfig.base.json'),
    preserveEntrySignatures: 'allow-extension',
    checks: { eval: false },
  })
  const { output } = await bundle.write({
    dir,
    format: 'esm',
    sourcemap: true,
    codeSplitting: { includeDependenciesRecursively: false, groups: TOGETHER },
    sourcemapPathTransform,
  })
  return output.filter((chunk) => 'moduleIds' in chunk)
}
