import { generateKeyPairSync, hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { controlStore, type ControlOptions } from '@cairn/drivers/store/control'
import { isTrusted, layout, readRecord, type Checkpoint } from '@cairn/records'
import { CliProject, type RunSummary } from './project.fixture.ts'

const TRAIN = '({ n }, { trees }) => ({ model: n * trees })'
const BETTER = '({ n }, { trees }) => ({ model: n * trees + 1 })'
const head = `import { expect, pipeline, step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
const trees = z.object({ trees: z.number().default(10) })
`
const pipelineWith = (train: string) => `${head}
export const load = step('load', { outputs: { n: Int }, run: () => ({ n: 3 }) })
export const train = step('train', { inputs: { n: Int }, params: trees, outputs: { model: Int }, run: ${train} })
export const evaluate = step('evaluate', {
  inputs: { model: Int },
  outputs: { metrics: metrics({ auc: 'number' }) },
  run: ({ model }) => ({ metrics: { auc: 1 - 1 / model } }),
})
export const small = pipeline('small', () => evaluate(train(load({}))))
export const noWorse = expect(evaluate, 'the AUC is no worse', ({ metrics }, champion) => metrics.auc >= champion.metrics.auc)
`
const swapWith = (train: string) => `${head}
export const better = step('better', { inputs: { n: Int }, params: trees, outputs: { model: Int }, run: ${train} })
`

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const project = new CliProject({
  'small.pipeline.ts': pipelineWith(TRAIN),
  'better.ts': swapWith(BETTER),
  'stage.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  'worse.ts': swapWith('({ n }, { trees }) => ({ model: n * trees - 1 })'),
})

describe.skipIf(!inject('servers'))('promoting to services', () => {
  let first: RunSummary
  beforeAll(async () => {
    const signing = { CAIRN_IDENTITY: 'stage', CAIRN_SIGNING_KEY: project.path('stage.pem') }
    const { code, stderr } = await project.cairnWith(signing, 'up')
    if (code !== 0) throw new Error(stderr)
    first = await project.run('small', '--on', 'local')
  })
  afterAll(async () => {
    await project.cairn('down')
  })

  const on = async (...args: string[]) => {
    const { code, stdout, stderr } = await project.cairn('--json', ...args, '--on', 'local')
    return { code, told: stdout + stderr, answer: code === 0 ? (JSON.parse(stdout) as Record<string, any>) : {} }
  }
  const play = async (...args: string[]) => (await on('play', 'small', ...args)).answer['run'] as string
  const production = async () => {
    const { answer } = await on('show', 'small/production')
    return (answer['plan'] as { run: string }).run
  }

  it('stages sign what they compute if they have an identity', async () => {
    const { control } = JSON.parse(project.read('.cairn/contexts/local.json')) as { control: ControlOptions }
    const store = controlStore({ env: 'local', ...control, cache: project.path('.cairn/fetched') })
    const at = layout('local', 'small')
    const trusted = { stage: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }
    for (const step of ['load', 'train', 'evaluate']) {
      const [name] = await store.children(at.checkpoints(step))
      const checkpoint = await readRecord<Checkpoint>(store, `${at.checkpoints(step)}${name}`)
      expect(isTrusted(checkpoint!, trusted), step).toBe(true)
    }
  })

  it('runs the tried change on services, and puts that run into production', async () => {
    const tried = await play('--swap', 'train=better.ts')
    const early = await on('promote', `small/${tried}`)
    expect(early.code).toBe(1)
    expect(early.told).toContain('the code of train changed since the run')

    project.write({ 'small.pipeline.ts': pipelineWith(BETTER) })
    const { code, told, answer } = await on('promote', `small/${tried}`)
    expect(code, told).toBe(0)
    expect(answer).toMatchObject({
      pipeline: 'small',
      policy: 'verify',
      computed: ['train', 'evaluate'],
      by: 'local',
      from: tried,
      previous: { run: first.run },
    })
    expect(await production()).toBe(answer['run'])

    const back = await on('rollback', 'small')
    expect(back.answer).toMatchObject({ run: first.run, by: 'local' })
    expect(await production()).toBe(first.run)
  })

  it('refuses a run that does not meet an expectation, and a name other than the token’s', async () => {
    const tried = await play('--swap', 'train=worse.ts')
    const { code, told } = await on('promote', `small/${tried}`)
    expect(code).toBe(1)
    expect(told).toContain('expectation failed: evaluate: the AUC is no worse')
    expect((await on('promote', `small/${tried}`, '--by', 'ann')).told).toContain('the token identifies you')
    expect(await production()).toBe(first.run)
  })

  it('adopts results that a trusted service has signed, and computes nothing', async () => {
    const trusted = { stage: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }
    const settings = { pipelines: ['*.pipeline.ts'], adoption: { policy: 'adopt', trusted } }
    project.write({
      'package.json': JSON.stringify({ type: 'module', cairn: settings }),
      'small.pipeline.ts': pipelineWith('({ n }, { trees }) => ({ model: n * trees + 2 })'),
    })
    const unsigned = await play('--set', 'train.trees=30')
    expect((await on('promote', `small/${unsigned}`)).told).toContain(
      'train has results that no trusted service has signed',
    )
    const signing = { CAIRN_IDENTITY: 'stage', CAIRN_SIGNING_KEY: project.path('stage.pem') }
    const args = ['--json', 'play', 'small', '--set', 'train.trees=40', '--on', 'local']
    const { stdout } = await project.cairnWith(signing, ...args)
    const { answer, told } = await on('promote', `small/${(JSON.parse(stdout) as RunSummary).run}`)
    expect(answer, told).toMatchObject({ policy: 'adopt', computed: [], previous: { run: first.run } })
    expect(await production()).toBe(answer['run'])
    await on('rollback', 'small')
  })

  it('refuses a token without the right to promote', async () => {
    project.write({ 'small.pipeline.ts': pipelineWith(BETTER) })
    const tried = await play('--set', 'train.trees=20')
    const tokens = project.path('.cairn/stack/tokens.json')
    const kept = readFileSync(tokens, 'utf8')
    const context = project.path('.cairn/contexts/local.json')
    const known = JSON.parse(readFileSync(context, 'utf8')) as { control: { url: string } }
    const sha256 = hash('sha256', 'a-reader')
    const reader = { name: 'ann', sha256, pipelines: ['*'], rights: ['read', 'run'] }
    writeFileSync(tokens, JSON.stringify([...(JSON.parse(kept) as object[]), reader]))
    project.write({
      '.cairn/contexts/reader.json': JSON.stringify({ ...known, control: { ...known.control, token: 'a-reader' } }),
    })
    const refused = async () => {
      const { code, stdout, stderr } = await project.cairn('promote', `small/${tried}`, '--on', 'reader')
      expect(code).toBe(1)
      return stdout + stderr
    }
    await expect.poll(refused, { interval: 500 }).toContain('the token of ann lacks the right "promote" for small')
    expect(await production()).toBe(first.run)
  })
})
