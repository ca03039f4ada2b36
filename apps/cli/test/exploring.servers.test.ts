import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CAIRN, CliProject, NODE, type RunSummary, how } from './project.fixture.ts'

/** Of the largest artifact: `CAIRN_TEST_BIG=1024` for a gigabyte. */
const MEGABYTES = Number(process.env['CAIRN_TEST_BIG'] ?? 32)

const project = new CliProject({
  'big.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { file, json, metrics } from '@cairn/kinds'
import { randomFillSync } from 'node:crypto'
import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
const Int = json<number>()
export const features = step('features', {
  outputs: { features: file('bin') },
  acknowledge: ['randomness', 'files'],
  run: (_, __, { scratch }) => {
    const path = join(scratch, 'features.bin')
    for (let megabyte = 0; megabyte < ${MEGABYTES}; megabyte++) appendFileSync(path, randomFillSync(Buffer.alloc(1 << 20)))
    return { features: path }
  },
})
export const train = step('train', {
  inputs: { features: file('bin') },
  params: z.object({ trees: z.number().default(10) }),
  outputs: { model: Int },
  acknowledge: ['files'],
  run: async ({ features }, { trees }) => ({ model: trees * (statSync(await features.path()).size / 2 ** 20) }),
})
export const evaluate = step('evaluate', {
  inputs: { model: Int },
  params: z.object({ weight: z.number().default(1) }),
  outputs: { metrics: metrics({ auc: 'number' }) },
  run: ({ model }, { weight }) => ({ metrics: { auc: model * weight } }),
})
export const big = pipeline('big', () => evaluate(train(features({}))))
`,
})

describe.skipIf(!inject('servers'))('exploring a run of services', () => {
  let production: RunSummary
  beforeAll(async () => {
    const { code, stderr } = await project.cairn('up')
    if (code !== 0) throw new Error(stderr)
    production = await project.run('big', '--on', 'local')
    if (production.status !== 'completed') throw new Error(`production ${production.status}`)
  })
  afterAll(async () => {
    await project.cairn('down')
  })

  /** Bytes of all files in a folder of the store. */
  const bytesIn = (folder: string) =>
    project.stored(folder).reduce((sum, file) => sum + statSync(project.path('.cairn', folder, file)).size, 0)
  const play = async (...args: string[]) => {
    const { code, stdout, stderr } = await project.cairn('--json', 'play', 'big', '--on', 'local', ...args)
    expect(stderr).toBe('')
    expect(code, stdout).toBe(0)
    return JSON.parse(stdout) as RunSummary & { readonly base: string; readonly changes: readonly object[] }
  }

  it('computes the affected steps locally, and fetches only what they read', async () => {
    const played = await play('--set', 'evaluate.weight=2')
    expect(played.base).toBe(production.run)
    expect(how(played)).toEqual({ features: 'reused', train: 'reused', evaluate: 'computed' })
    expect(played.changes).toContainEqual(expect.objectContaining({ what: 'metric', name: 'evaluate.auc' }))
    const moved = bytesIn('cache/fetched') + bytesIn('playgrounds')
    console.log(`of ${MEGABYTES} MB, an exploration of evaluate moved ${moved} bytes`)
    expect(moved).toBeLessThan(100_000)
  })

  it('fetches a large artifact once, when a step reads it', async () => {
    expect(how(await play('--set', 'train.trees=20'))).toMatchObject({ features: 'reused', train: 'computed' })
    const once = bytesIn('cache/fetched')
    const shown = (...args: string[]) => project.cairn('play', 'big', '--on', 'local', '--progress', 'plain', ...args)
    expect(once).toBeGreaterThanOrEqual(MEGABYTES << 20)
    expect((await shown('--set', 'train.trees=30')).stderr).not.toContain('fetching')
    expect(bytesIn('cache/fetched') - once).toBeLessThan(100_000)
    rmSync(project.path('.cairn/cache/fetched'), { recursive: true })
    const { stderr } = await shown('--set', 'train.trees=35')
    expect(stderr.match(/^fetching .*$/gm)).toEqual([expect.stringMatching(/^fetching [\d.,]+ [MG]B \(\w{8}\)$/)])
  })

  it('leaves production as it was: no new run, checkpoint or object', async () => {
    const stored = () => {
      const root = project.path('.cairn/stack')
      const data = readdirSync(root, { recursive: true, withFileTypes: true })
      return data.filter((entry) => entry.isFile() && /\/local\/big\//.test(join(entry.parentPath, entry.name))).length
    }
    const before = stored()
    expect(before).toBeGreaterThan(0)
    await play('--set', 'evaluate.weight=3')
    expect(stored()).toBe(before)
    const { stdout } = await project.cairn('--json', 'runs', 'big', '--on', 'local')
    expect(stdout.match(/"run":/g)).toHaveLength(1)
  })

  it('saves a script that repeats the session with a token that may only read', async () => {
    const known = JSON.parse(project.read('.cairn/contexts/local.json')) as { control: { url: string } }
    const tokens = project.path('.cairn/stack/tokens.json')
    const reader = { name: 'ann', sha256: hash('sha256', 'a-reader'), pipelines: ['*'], rights: ['read'] }
    writeFileSync(tokens, JSON.stringify([...(JSON.parse(readFileSync(tokens, 'utf8')) as object[]), reader]))
    project.write({
      '.cairn/contexts/reader.json': JSON.stringify({ ...known, control: { ...known.control, token: 'a-reader' } }),
      'session.txt': '.set evaluate.weight=4\n.run\n.save again.ts\n',
    })
    const played = () => project.cairn('play', 'big', '--on', 'reader', '--set', 'evaluate.weight=4')
    await expect.poll(async () => (await played()).stderr, { interval: 500 }).toBe('')
    const command = `'${NODE}' '${CAIRN}' explore big --on reader < session.txt && '${NODE}' again.ts`
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: project.root })
    expect(project.read('again.ts')).toContain("on: 'reader'")
    const [, told = ''] = stdout.split('again.ts\n')
    expect(told).toMatch(/evaluate\.weight/)
  })

  it('checks that steps give the same bytes locally and on services, and keeps nothing of it', async () => {
    const { code, stdout } = await project.cairn('--json', 'parity', 'big', '--on', 'local')
    expect(code).toBe(1)
    const { steps } = JSON.parse(stdout) as { steps: { node: string; where: string; same: boolean }[] }
    expect(steps.map(({ node, where, same }) => [node, where, same])).toEqual([
      ['features', 'here', false], // it is random
      ['train', 'here', true],
      ['evaluate', 'here', true],
      ['features', 'on local', false],
      ['train', 'on local', true],
      ['evaluate', 'on local', true],
    ])
    const again = await project.run('big', '--on', 'local')
    expect(how(again)).toEqual({ features: 'reused', train: 'reused', evaluate: 'reused' })
    expect(again.steps['features']!.outputs).toEqual(production.steps['features']!.outputs)
  })
})
