import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../../..')
const CAIRN = join(ROOT, 'apps/cli/bin/cairn.js')

/** Environment variables that turn tracking on in any program. */
export const TRACKED = {
  NODE_OPTIONS: '--import @cairn/tracking/register',
  CAIRN_TRACKING_EXIT_MS: '300000', // the machine may be busy with other tests
}

export interface Ran {
  readonly code: number | null
  readonly output: string
  readonly errors: string
  readonly ms: number
}

/** A project in a temporary folder, whose programs run as processes. */
export class TrackedProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-tracking-')))

  constructor(files: Readonly<Record<string, string>>) {
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'))
    this.write({ 'package.json': '{ "type": "module", "cairn": { "pipelines": "*.pipeline.ts" } }', ...files })
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(this.root, file), text)
  }

  start(env: Readonly<Record<string, string>>, ...args: string[]): ChildProcess {
    const { NO_COLOR: _, FORCE_COLOR: __, ...own } = process.env // with both, Node would print a warning
    return spawn(process.execPath, args, {
      cwd: this.root,
      env: { ...own, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
  }

  async run(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
    const started = performance.now()
    const child = this.start(env, ...args)
    const texts = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream]!.on('data', (data) => (texts[stream] += String(data)))
    const code = await new Promise<number | null>((ended) => child.on('close', ended))
    return { code, output: texts.stdout, errors: texts.stderr, ms: performance.now() - started }
  }

  cairn(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
    return this.run(env, CAIRN, ...args)
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/**
 * A pipeline with a join of a plain step and a batched `each`, a step that prints, a step that fails the first time,
 * and a large output.
 */
export const PIPELINE = {
  'demo.pipeline.ts': `import { existsSync, writeFileSync } from 'node:fs'
import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const N = json<number>()
const Text = json<string>()

export const load = step('load', {
  outputs: { ns: list(N), text: Text },
  run: () => {
    console.log('loading 5')
    console.error('slowly')
    return { ns: [1, 2, 3, 4, 5], text: 'x'.repeat(10_000) }
  },
})
export const double = step('double', { inputs: { n: N }, outputs: { d: N }, run: ({ n }) => ({ d: 2 * n }) })
export const flaky = step('flaky', {
  inputs: { text: Text },
  outputs: { o: N },
  retry: { times: 1, backoff: '1ms' },
  acknowledge: ['files'],
  run: ({ text }) => {
    if (existsSync('tried')) return { o: text.length }
    writeFileSync('tried', '')
    throw new Error('not yet')
  },
})
export const sum = step('sum', {
  inputs: { ds: list(N), o: N },
  outputs: { s: N },
  run: async ({ ds, o }) => ({ s: (await Array.fromAsync(ds)).length + o }),
})
export const demo = pipeline('demo', () => {
  const { ns, text } = load({})
  const { d } = each(ns, (n) => double({ n }), { batch: 2 })
  const { o } = flaky({ text })
  return sum({ ds: d, o })
})
`,
}
