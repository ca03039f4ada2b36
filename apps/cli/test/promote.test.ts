import { generateKeyPairSync } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { CliProject, type RunSummary } from './project.fixture.ts'

const TRAIN = `({ n }, { trees }) => ({ model: n * trees })`
const BETTER = `({ n }, { trees }) => ({ model: n * trees + 1 })`
const pipelineWith = (train: string) => `import { expect, pipeline, source, step } from '@cairn/kernel'
import { fromFile } from '@cairn/connectors'
import { json, metrics } from '@cairn/kinds'
import { z } from 'zod'
import { readFileSync } from 'node:fs'
export const Int = json<number>()
export const load = source('load', {
  reads: { file: fromFile('n.txt') },
  outputs: { n: Int },
  run: ({ file }) => ({ n: Number(readFileSync(file.path, 'utf8')) }),
})
export const train = step('train', {
  inputs: { n: Int },
  params: z.object({ trees: z.number().default(10) }),
  outputs: { model: Int },
  run: ${train},
})
export const evaluate = step('evaluate', {
  inputs: { model: Int },
  outputs: { metrics: metrics({ auc: 'number' }) },
  run: ({ model }) => ({ metrics: { auc: 1 - 1 / model } }),
})
export const small = pipeline('small', () => {
  const { n } = load({})
  return evaluate(train({ n }))
})
export const noWorse = expect(evaluate, 'the AUC is no worse', ({ metrics }, champion) => metrics.auc >= champion.metrics.auc)
`
const swap = (body: string) => `import { step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
export const better = step('better', {
  inputs: { n: Int },
  params: z.object({ trees: z.number().default(10) }),
  outputs: { model: Int },
  run: ${body},
})
`
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const trusted = { stage: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }

describe('cairn promote', () => {
  let project: CliProject
  let first: RunSummary
  beforeEach(async () => {
    project = new CliProject({
      'small.pipeline.ts': pipelineWith(TRAIN),
      'better.ts': swap(BETTER),
      'n.txt': '3',
      'stage.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    })
    first = await project.run('small')
  })

  it('refuses a run from outside a playground, and says how to run it there', async () => {
    const [{ run }] = JSON.parse((await project.cairn('--json', 'runs', 'small')).stdout) as [{ run: string }]
    await project.cairn('play', 'small')
    const { code, stderr } = await project.cairn('promote', `small/${run}`)
    expect([code, stderr]).toEqual([
      1,
      `error  small/${run} is a production run. Only playground runs can be promoted, and playground scratch has no run of this name\nnext   cairn play small, then cairn promote small\n`,
    ])
  })
  const adopt = (policy: string) =>
    project.write({
      'package.json': JSON.stringify({
        type: 'module',
        cairn: { pipelines: ['*.pipeline.ts'], adoption: { policy, trusted } },
      }),
    })
  const signing = { CAIRN_IDENTITY: 'stage', CAIRN_SIGNING_KEY: 'stage.pem' }
  /** A run of the playground with a better step, and its name. */
  const play = async (args: readonly string[] = ['--swap', 'train=better.ts'], env = {}): Promise<string> => {
    const { code, stdout, stderr } = await project.cairnWith(env, '--json', 'play', 'small', ...args)
    if (code !== 0) throw new Error(stdout + stderr)
    return (JSON.parse(stdout) as RunSummary).run
  }
  const merge = () => project.write({ 'small.pipeline.ts': pipelineWith(BETTER) })
  const promote = async (run: string) => {
    const { code, stdout, stderr } = await project.cairn('--json', 'promote', `small/${run}`, '--by', 'ann')
    return {
      code,
      told: stdout + stderr,
      ...(code === 0 && (JSON.parse(stdout) as Record<string, unknown>)),
    } as Record<string, unknown>
  }
  const refused = async (run: string) => {
    const before = await production()
    const { code, told } = await promote(run)
    expect(code).toBe(1)
    expect(await production()).toBe(before)
    return told as string
  }
  const production = async () =>
    (JSON.parse((await project.cairn('--json', 'play', 'small', '--plan')).stdout) as { base: string }).base

  it('recomputes what changed, compares, sets the champion, and rolls back', async () => {
    const tried = await play()
    merge()
    const promoted = await promote(tried)
    expect(promoted).toMatchObject({
      code: 0,
      policy: 'verify',
      computed: ['train', 'evaluate'],
      by: 'ann',
      from: tried,
    })
    expect(await production()).toBe(promoted['run'])
    await project.run('small') // a newer run is not production's
    expect(await production()).toBe(promoted['run'])
    const { stdout } = await project.cairn('runs', 'small')
    expect(stdout.match(/^.* in production .*$/gm)).toEqual([expect.stringContaining(promoted['run'] as string)])

    const again = await play(['--set', 'train.trees=20'])
    const second = await promote(again)
    expect(second).toMatchObject({ computed: ['train', 'evaluate'], previous: { run: promoted['run'], by: 'ann' } })
    expect((await project.cairn('rollback', 'small')).stdout).toContain(
      `small/${promoted['run'] as string} is in production again`,
    )
    expect(await production()).toBe(promoted['run'])
    expect((await project.cairn('rollback', 'small')).stdout).toContain(`small/${first.run} is in production again`)
    const { code, stderr } = await project.cairn('rollback', 'small')
    expect([code, stderr]).toEqual([1, expect.stringContaining('small has no previous production run')])
    await project.cairn('gc', '--keep-runs', '0', '--keep', '0s', '--grace', '0s')
    expect(await production()).toBe(first.run)
  })

  it('adopts results that a trusted service has signed, and computes nothing', async () => {
    adopt('adopt')
    const tried = await play(undefined, signing)
    merge()
    expect(await promote(tried)).toMatchObject({ code: 0, policy: 'adopt', computed: [] })
  })

  it('refuses results that are unsigned or signed by an untrusted service', async () => {
    adopt('adopt')
    const unsigned = await play()
    merge()
    expect(await refused(unsigned)).toMatch(
      /train has results that no trusted service has signed[^]*evaluate has results that no trusted service/,
    )
    const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
    project.write({ 'other.pem': other })
    const forged = await play(['--set', 'train.trees=30'], { ...signing, CAIRN_SIGNING_KEY: 'other.pem' })
    expect(await refused(forged)).toContain('train has results that no trusted service has signed')
  })

  it('recomputes without comparing if the policy says so', async () => {
    adopt('recompute')
    const tried = await play()
    merge()
    expect(await promote(tried)).toMatchObject({ policy: 'recompute', computed: ['train', 'evaluate'] })
  })

  it('refuses a run that is tainted or incomplete, and names the step', async () => {
    project.write({
      'small.pipeline.ts': pipelineWith(TRAIN)
        .replace(
          `const { n } = load({})`,
          `const { ns } = spread(load({}))
  const { n } = pick({ ns })`,
        )
        .replace(
          `export const small`,
          `export const spread = step('spread', { inputs: { n: Int }, outputs: { ns: list(Int) }, run: ({ n }) => ({ ns: [n, n + 1] }) })
export const pick = step('pick', { inputs: { ns: list(Int) }, outputs: { n: Int }, run: async ({ ns }) => ({ n: (await ns.all()).reduce((a, b) => a + b) }) })
export const same = step('same', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n }) })
export const small`,
        )
        .replace('const { n } = pick({ ns })', 'const { n } = pick({ ns: each(ns, (n) => same({ n })).n })')
        .replace('{ expect,', '{ each, expect, list,'),
    })
    const whole = await project.run('small')
    expect(await refused(await play(['--items', 'same=1']))).toContain('spread.ns is cut to 1 of 2 items')
    expect(await refused(await play(['--only', 'evaluate']))).toContain(
      `train was not run; its outputs come from ${whole.run}`,
    )
  })

  it('refuses code other than the pipeline’s, and says what differs', async () => {
    const tried = await play()
    expect(await refused(tried)).toMatch(/the code of train changed since the run \(.+\)/)
  })

  it('refuses if a source has changed since', async () => {
    const tried = await play()
    merge()
    project.write({ 'n.txt': '5' })
    expect(await refused(tried)).toContain(String.raw`the data that load reads as \"file\" changed since the run`)
  })

  it('refuses a run that does not meet an expectation', async () => {
    const tried = await play(['--set', 'train.trees=2'])
    expect(await refused(tried)).toContain(`expectation failed: evaluate: the AUC is no worse (champion ${first.run})`)
  })

  it('refuses a run whose recomputed results differ', async () => {
    const random = `({ n }) => ({ model: n * 20 + Math.random() })`
    project.write({
      'better.ts': swap(random).replace('  outputs: { model', "  acknowledge: ['randomness'],\n  outputs: { model"),
    })
    const tried = await play()
    project.write({
      'small.pipeline.ts': pipelineWith(random).replace(
        '  outputs: { model',
        "  acknowledge: ['randomness'],\n  outputs: { model",
      ),
    })
    expect(await refused(tried)).toContain('train has different results in production')
  })

  it('lets one of two promotions win', async () => {
    // Each promotion computes: until both are at that, where there is a file that says so.
    const together = `async ({ n }, { trees }) => {
      writeFileSync('training-' + trees, '')
      while (existsSync('together') && !(existsSync('training-20') && existsSync('training-30')))
        await new Promise((later) => setTimeout(later, 5))
      return { model: n * trees }
    }`
    project.write({
      'small.pipeline.ts': pipelineWith(together)
        .replace('{ readFileSync }', '{ existsSync, readFileSync, writeFileSync }')
        .replace('  outputs: { model', "  acknowledge: ['files'],\n  outputs: { model"),
    })
    await project.run('small')
    const [one, other] = [await play(['--set', 'train.trees=20']), await play(['--set', 'train.trees=30'])]
    for (const trees of [20, 30]) rmSync(project.path(`training-${trees}`))
    project.write({ together: '' })
    const ends = await Promise.all([promote(one), promote(other)])
    for (const trees of [20, 30]) expect(existsSync(project.path(`training-${trees}`))).toBe(true)
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([0, 1]))
    const [winner, loser] = ends[0]!['code'] === 0 ? ends : [ends[1]!, ends[0]!]
    expect(loser!['told']).toContain(`${winner!['run'] as string} became the production run in the meantime`)
    expect(await production()).toBe(winner!['run'])
  })

  it.each([
    [{ CAIRN_IDENTITY: 'stage' }, 'CAIRN_IDENTITY and CAIRN_SIGNING_KEY must be set together'],
    [{ CAIRN_IDENTITY: 'stage', CAIRN_SIGNING_KEY: 'n.txt' }, 'n.txt is not a valid signing key'],
  ])('refuses %j', async (env, message) => {
    await expect(play(undefined, env)).rejects.toThrow(message)
  })

  it('takes the latest run of a playground only from that playground', async () => {
    const tried = await play()
    merge()
    await project.run('small')
    const { code, told, ...promoted } = await promote('latest')
    expect(code, told as string).toBe(0)
    expect(promoted).toMatchObject({ from: tried })
  })

  it('neither uses a partial run as production nor promotes one', async () => {
    project.write({ 'n.txt': '4' })
    await project.run('small', '--until', 'train')
    expect(await production()).toBe(first.run)
    const part = await play(['--swap', 'train=better.ts', '--until', 'train'])
    merge()
    expect(await refused(part)).toContain('only a part of the pipeline was run: run it without --until')
  })

  it('refuses an unknown policy', async () => {
    adopt('trust')
    expect((await project.cairn('runs')).stderr).toContain('unknown adoption policy "trust"')
  })
})
