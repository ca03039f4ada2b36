import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'small.pipeline.ts': `import { existsSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
export const load = step('load', { outputs: { n: Int }, run: () => ({ n: 1 }) })
export const train = step('train', {
  inputs: { n: Int },
  params: z.object({ trees: z.number().default(10) }),
  outputs: { model: Int },
  acknowledge: ['files'],
  run: ({ n }, { trees }) => {
    for (let line = 1; line <= 12; line++) console.log('line ' + line + ' of ' + trees)
    if (trees < 0 || existsSync('broken')) throw new Error('no trees')
    return { model: n * trees }
  },
})
export const evaluate = step('evaluate', {
  inputs: { model: Int },
  outputs: { metrics: metrics({ auc: 'number' }) },
  run: ({ model }) => ({ metrics: { auc: 1 - 1 / model } }),
})
export const small = pipeline('small', () => evaluate(train(load({}))))
`,
})
const elsewhere = new CliProject()
const store = project.path("a store that isn't its own")
const there = ['-C', project.root, '--store', store]
const said = async (...args: string[]) => {
  const { stdout, stderr } = await elsewhere.cairn(...args)
  return stdout + stderr
}
/** The last ten lines that a failed step printed, and only those. */
const lastLines = (trees: number) => Array.from({ length: 10 }, (_, at) => `    line ${at + 3} of ${trees}`).join('\n')

let run: string
beforeAll(async () => {
  run = await said(...there, 'run', 'small', '--progress', 'none')
})

describe('the last output of a failed step', () => {
  it('is shown by play, by explore and by promote', async () => {
    const played = await said(...there, 'play', 'small', '--set', 'train.trees=-1', '--progress', 'none')
    expect(played).toContain(`\n${lastLines(-1)}\n`)
    expect(played).not.toContain('    line 2 of -1')
    const { stdout } = await elsewhere.cairnTyping(
      ['.set train.trees=-2', '.run'],
      ...there,
      'explore',
      'small',
      '--progress',
      'none',
    )
    expect(stdout).toContain(`\n${lastLines(-2)}\n`)

    project.write({
      'package.json':
        '{ "type": "module", "cairn": { "pipelines": ["*.pipeline.ts"], "adoption": { "policy": "recompute" } } }',
    })
    const tried = JSON.parse(
      await said(...there, '--json', 'play', 'small', '--set', 'train.trees=20', '--progress', 'none'),
    ) as { run: string }
    project.edit('small.pipeline.ts', 'default(10)', 'default(20)')
    elsewhere.write({ broken: '' }) // where the command is given is where steps run
    const promoted = await said(...there, 'promote', `small/${tried.run}`, '--progress', 'none')
    expect(promoted).toContain(`\n${lastLines(20)}\n`)
    expect(promoted).toMatch(/error +production run [\w-]+ failed\nnext +cairn show -C /)
    project.edit('small.pipeline.ts', 'default(20)', 'default(10)')
    rmSync(elsewhere.path('broken'))
  })
})

it('the leaderboard counts what each variant computed and reused', async () => {
  const fresh = new CliProject({ 'small.pipeline.ts': project.read('small.pipeline.ts') })
  await fresh.run('small')
  const matrix = ['play', 'small', '--matrix', 'train.trees=10,20,-3']
  const rows = (text: string) => {
    const found = text.split('\n').flatMap((line) => {
      const [, trees, computed, reused] =
        /(?:^|\s)(-?\d+)\s.*?(\d+) computed, (\d+) reused/.exec(line.replace(/^\d+ /, '')) ?? []
      return trees === undefined ? [] : [[trees, computed, reused]]
    })
    return found.sort(([a], [b]) => Number(a) - Number(b))
  }
  const first = await fresh.cairn(...matrix)
  expect(first.code).toBe(1)
  expect(first.stdout).toMatch(/✘ +-3 .*no trees/)
  expect(rows(first.stdout)).toEqual([
    ['10', '0', '3'],
    ['20', '2', '1'],
  ])
  expect(rows((await fresh.cairn(...matrix)).stdout)).toEqual([
    ['10', '0', '3'],
    ['20', '0', '3'],
  ])
})

describe('every suggested command', () => {
  /** The commands in a text. */
  const offered = (text: string) => [...text.matchAll(/\bcairn ([a-z]+)\b([^;,)\n]*)/g)].map(([command]) => command)

  it('names the given project, store and playground, and can be copied and run', async () => {
    const failed = await said(...there, 'run', 'small', '--set', 'train.trees=-5', '--progress', 'none')
    expect(failed).toMatch(/cairn run .* small --set train\.trees=-5 {3}to continue: finished steps are reused/)
    const texts = [
      run,
      failed,
      ...(await Promise.all(
        [
          ['plan', 'small', '--set', 'train.trees=7'],
          ['plan', 'small', '--save'],
          ['show', 'small'],
          ['show', 'small/latest/train'],
          ['logs', 'small/latest/load'],
          ['cat', 'small/latest'],
          ['cat', 'small/latest/load/m'],
          ['diff', 'small/none', 'small/latest'],
          ['why', 'small', 'load/0'],
          ['promote', 'small'],
          ['rollback', 'small'],
          ['run', 'small', '--from', 'train', '--until', 'load'],
        ].map((args) => said(...there, ...args)),
      )),
    ]
    const commands = texts.flatMap(offered)
    expect(commands.length).toBeGreaterThan(10)
    for (const command of commands) {
      expect(command).toContain(`-C ${project.root}`)
      expect(command).toContain(`--store '${store.replace("'", String.raw`'\''`)}'`)
    }
    const { execFileSync } = await import('node:child_process')
    const { CAIRN, NODE } = await import('./project.fixture.ts')
    const [cat] = offered(run)
    const { FORCE_COLOR: _, ...env } = process.env
    const text = execFileSync('sh', ['-c', cat!.replace('cairn', `'${NODE}' '${CAIRN}'`)], {
      cwd: elsewhere.root,
      encoding: 'utf8',
      env,
    })
    expect(text).toMatch(/auc +0\.9/)

    await said(...there, '--playground', 'mine', 'play', 'small', '--set', 'train.trees=30', '--progress', 'none')
    const played = offered(await said(...there, '--playground', 'mine', 'show', 'small/latest'))
    expect(played.length).toBeGreaterThan(0)
    for (const command of played) expect(command).toContain('--playground mine')
  })

  /** Services that refuse whatever they are asked for. */
  const refusing = async (status: number, problem: object) => {
    const refusal = JSON.stringify({ title: 'It is refused', status, ...problem })
    const server = createServer((_, response) => response.writeHead(status).end(refusal))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const context = { env: 'far', control: { url: `http://127.0.0.1:${port}`, token: 't' } }
    project.write({ '.cairn/contexts/far.json': JSON.stringify(context) })
  }

  it('adds the given options to commands, and not to sentences about cairn', async () => {
    const next = 'send Authorization: Bearer <token>; cairn takes it from the context'
    await refusing(403, { code: 'NOT_ALLOWED', detail: 'the token lacks the right promote', next })
    expect(await said('-C', project.root, '--on', 'far', 'rollback', 'small')).toContain(`next   ${next}\n`)
  })

  it('is an error if there is nothing to push', async () => {
    await refusing(403, { code: 'NOT_ALLOWED', detail: 'the token lacks the right adopt' })
    const empty = ['-C', project.root, '--store', project.path('empty'), '--on', 'far']
    const { code, stderr } = await elsewhere.cairn(...empty, 'push')
    expect([code, stderr]).toEqual([
      1,
      'error  nothing to push: no local run has ended\nnext   run a pipeline without --on first\n',
    ])
  })

  it('names the given context', async () => {
    await refusing(404, { code: 'NOT_FOUND', detail: 'that is not here' })
    for (const args of [
      ['plan', 'small'],
      ['run', 'small'],
      ['runs', 'small'],
      ['cancel', 'small/x'],
    ]) {
      const text = await said('-C', project.root, '--on', 'far', ...args)
      expect(text, args.join(' ')).toMatch(/^error {2}/m)
      for (const command of offered(text)) expect(command).toContain(`-C ${project.root} --on far`)
    }
    expect(await said('-C', project.root, '--on', 'far', 'plan', 'small')).toContain(
      `next   cairn runs -C ${project.root} --on far lists the runs`,
    )
  })
})
