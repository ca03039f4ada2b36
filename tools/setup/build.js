// npm run build: builds each app and its worker processes into few large modules.
// Steps are never built: they run from their sources.
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import { distOf, isFresh, stampOf } from '../../apps/cli/bin/built.js'
import { root } from './install.js'
import { folderAt, putInPlace } from './put-in-place.js'

// Large, some of it native, and loaded only when needed.
const APART = new Set(['oxc-parser', 'magic-string', '@duckdb/node-api', 'apache-arrow', 'onnxruntime-node'])
/** Nest only requires these if they are used, and none is. */
const NEVER = [
  /^@nestjs\/(websockets|platform-)(?!fastify)/,
  /^@grpc\//,
  /^(class-validator|class-transformer|amqplib|amqp-connection-manager|cache-manager|ioredis|mqtt|nats|@nats-io\/.*)$/,
  /^@fastify\/(static|view|multipart)$/,
]
const COMPUTES = {
  worker: 'libs/drivers/src/compute/built-worker.ts',
  'module-redirects': 'libs/drivers/src/compute/module-redirects.ts',
  kernel: 'libs/kernel/src/index.ts',
  kinds: 'libs/kinds/src/index.ts',
  connectors: 'libs/connectors/src/index.ts',
}
/** Loaded by `node --import` if requested. */
const TRACKING = { tracking: 'libs/tracking/src/register.js', exporter: 'libs/tracking/src/exporter.ts' }
/** The given files of a folder, by names without `.ts`. */
const files = (folder, names) => new RegExp(`/${folder}/src/(${names.trim().split(/\s+/).join('|')})\\.ts$`)
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
const APPS = {
  cli: { main: 'apps/cli/src/main.ts', supervisor: 'apps/cli/src/local/supervisor.ts', ...COMPUTES },
  stage: { main: 'apps/stage/src/main.ts', ...COMPUTES, ...TRACKING },
  control: {
    main: 'apps/control/src/main.ts',
    planner: 'apps/control/src/planner-main.ts',
    ...COMPUTES,
    ...TRACKING,
  },
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(APPS)
for (const app of wanted) await build(app, APPS[app])

async function build(app, entries) {
  const dist = distOf(app)
  const before = folderAt(dist)
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
    platform: 'node',
    external: (id, from = '') =>
      APART.has(id) || (from.includes('/@nestjs/') && NEVER.some((pattern) => pattern.test(id))),
    tsconfig: join(root, 'tsconfig.base.json'),
    preserveEntrySignatures: 'allow-extension',
    checks: { eval: false },
  })
  const made = join(root, 'node_modules', '.cache', 'cairn', `${app}.${randomUUID()}`)
  const { output } = await bundle.write({
    dir: made,
    format: 'esm',
    sourcemap: true,
    codeSplitting: { includeDependenciesRecursively: false, groups: TOGETHER },
    // Relative to its final location.
    sourcemapPathTransform: (source, map) => relative(dist, resolve(dirname(map), source)),
  })
  const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []))
  const sources = modules.filter((id) => id.startsWith(root)).map((id) => relative(root, id))
  writeFileSync(
    join(made, 'sources.json'),
    JSON.stringify(Object.fromEntries(sources.map((file) => [file, stampOf(file)]))),
  )
  putInPlace(made, dist, before, () => isFresh(app))
}
