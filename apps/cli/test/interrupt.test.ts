import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CliProject, computed, exit, printed, type Files } from './project.fixture.ts'

/** Its second step goes on until a file appears. */
const FILES: Files = {
  'long.pipeline.ts': `import { existsSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const load = step('load', { outputs: { n: Int }, run: () => ({ n: 1 }) })
export const trainModel = step('train-model', {
  inputs: { n: Int },
  outputs: { n: Int },
  acknowledge: ['files', 'clock'],
  run: ({ n }) => {
    console.log('training')
    while (!existsSync('go-on')) for (const until = Date.now() + 10; Date.now() < until; );
    return { n: n + 1 }
  },
})
export const evaluate = step('evaluate', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n + 1 }) })
export const long = pipeline('long', () => evaluate(trainModel(load({}))))
`,
}

describe('a run that is interrupted', () => {
  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['a request to terminate', 'SIGTERM', 143],
  ] as const)(
    'by %s in the middle of training stops cleanly, and the next run continues from there',
    async (_, signal, code) => {
      const project = new CliProject(FILES)
      const run = project.start('run', 'long', '--progress', 'plain')
      await printed(run, 'train-model | training')
      const ended = exit(run)
      const stdout = output(run)
      run.kill(signal)
      expect(await ended).toBe(code)
      expect(await stdout).toMatch(/train-model +cancelled/)
      expect(processesIn(project.root)).toEqual([])
      const runs = await project.cairn('runs', 'long')
      expect(runs.stdout).toMatch(/long\/\S+ +cancelled/)

      project.write({ 'go-on': '' })
      const again = await project.run('long')
      expect(again.code).toBe(0)
      expect(again.steps['load']!.how).toBe('reused')
      expect(computed(again)).toEqual(['train-model', 'evaluate'])
    },
  )

  it('ends at once after a second signal', async () => {
    const project = new CliProject(FILES)
    const run = project.start('run', 'long', '--progress', 'plain')
    await printed(run, 'train-model | training')
    const stopping = printed(run, 'stopping; finished steps are kept')
    const ended = exit(run)
    run.kill('SIGINT')
    await stopping
    run.kill('SIGINT')
    expect(await ended).toBe(130)
  })

  it('leaves no process behind when it is killed', async () => {
    const project = new CliProject(FILES)
    const run = project.start('run', 'long', '--progress', 'plain')
    await printed(run, 'train-model | training')
    expect(processesIn(project.root).length).toBeGreaterThanOrEqual(2)
    const ended = exit(run)
    run.kill('SIGKILL')
    await ended
    await expect.poll(() => processesIn(project.root)).toEqual([])
    const runs = await project.cairn('runs', 'long')
    expect(runs.stdout).toMatch(/long\/\S+ +interrupted/)
  })
})

describe('two runs at once on one store', () => {
  it('both succeed, and each key is computed once', async () => {
    const project = new CliProject({
      'counted.pipeline.ts': `import { appendFileSync } from 'node:fs'
import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
function count(key: string) {
  appendFileSync('computed.txt', key + '\\n')
  for (const until = Date.now() + 5; Date.now() < until; );
}
export const load = step('load', {
  outputs: { items: list(Int) },
  acknowledge: ['files', 'clock'],
  run: () => (count('load'), { items: Array.from({ length: 40 }, (_, item) => item) }),
})
export const square = step('square', {
  inputs: { n: Int },
  outputs: { n: Int },
  acknowledge: ['files', 'clock'],
  run: ({ n }) => (count(\`square \${n}\`), { n: n * n }),
})
export const sum = step('sum', {
  inputs: { items: list(Int) },
  outputs: { n: Int },
  acknowledge: ['files', 'clock'],
  run: async ({ items }) => (count('sum'), { n: (await items.all()).reduce((a, b) => a + b, 0) }),
})
export const counted = pipeline('counted', () => {
  const { items } = load({})
  const { n } = each(items, (n) => square({ n }), { batch: 7 })
  return sum({ items: n })
})
`,
    })
    const runs = await Promise.all([project.run('counted'), project.run('counted'), project.run('counted')])
    for (const run of runs) {
      expect(run.code).toBe(0)
      expect(run.steps['sum']!.outputs!['n']!.text).toBe('20540')
    }
    const lines = project.read('computed.txt').trim().split('\n')
    expect(lines.sort()).toEqual([...new Set(lines)].sort())
    expect(lines).toHaveLength(42)
  })

  it('one waits for a result that the other computes, and takes over when the other dies', async () => {
    const project = new CliProject(FILES)
    const first = project.start('run', 'long', '--progress', 'plain')
    await printed(first, 'train-model | training')
    const second = project.start('run', 'long', '--progress', 'plain')
    const trains = printed(second, 'train-model | training')
    await printed(second, 'load  reused')
    const died = exit(first)
    first.kill('SIGKILL')
    await died
    await trains
    project.write({ 'go-on': '' })
    expect(await exit(second)).toBe(0)
  })
})

function output(child: ReturnType<CliProject['start']>): Promise<string> {
  return new Promise((done) => {
    let text = ''
    child.stdout!.on('data', (data) => (text += String(data)))
    child.stdout!.on('close', () => done(text))
  })
}

/** Ids of processes that work in a folder. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`PWD=${folder}`)
    } catch {
      return false
    }
  })
}
