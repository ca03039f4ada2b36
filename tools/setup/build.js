// npm run build: the command line, and the processes that it computes in, as few large modules.
// Steps are never built: they run from their sources.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { rolldown } from 'rolldown'
import { dist, stampOf } from '../../apps/cli/bin/built.js'
import { root } from './install.js'

const bundle = await rolldown({
  input: {
    main: join(root, 'apps/cli/src/main.ts'),
    worker: join(root, 'apps/cli/src/worker.ts'),
    twins: join(root, 'apps/cli/src/twins.ts'),
    kernel: join(root, 'libs/kernel/src/index.ts'),
    kinds: join(root, 'libs/kinds/src/index.ts'),
  },
  platform: 'node',
  // Large, some of it native, and loaded only when needed.
  external: ['oxc-parser', 'magic-string', '@duckdb/node-api', 'apache-arrow', 'onnxruntime-node'],
})
const made = `${dist}.${process.pid}`
const { output } = await bundle.write({ dir: made, format: 'esm', sourcemap: true })
const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []))
const files = modules.filter((id) => id.startsWith(root)).map((id) => relative(root, id))
const sources = Object.fromEntries(files.map((file) => [file, stampOf(file)]))
writeFileSync(join(made, 'sources.json'), JSON.stringify(sources))
rmSync(dist, { recursive: true, force: true })
mkdirSync(join(dist, '..'), { recursive: true })
renameSync(made, dist)
