import { expect, it } from 'vitest'
import { CliProject, exit } from './project.fixture.ts'

const FILES = {
  'killed.pipeline.ts': `import { appendFileSync } from 'node:fs'
import { each, list, pipeline, step } from '@cairn/kernel'
import { bytes, json } from '@cairn/kinds'
const Int = json<number>()
const outside = { acknowledge: ['files'] as const }
export const load = step('load', {
  outputs: { items: list(Int) },
  run: () => ({ items: Array.from({ length: 30 }, (_, item) => item) }),
})
export const grow = step('grow', {
  inputs: { n: Int },
  outputs: { data: bytes() },
  ...outside,
  run: ({ n }) => {
    appendFileSync('computed.txt', \`grow \${n}\\n\`)
    return { data: new Uint8Array(20_000 + n).fill(n) }
  },
})
export const weigh = step('weigh', {
  inputs: { data: list(bytes()) },
  outputs: { total: Int },
  ...outside,
  run: async ({ data }) => {
    appendFileSync('computed.txt', 'weigh\\n')
    let total = 0
    for await (const part of data) total += part.length
    return { total }
  },
})
export const killed = pipeline('killed', () => {
  const { items } = load({})
  const { data } = each(items, (n) => grow({ n }), { batch: 3 })
  return weigh({ data })
})
`,
}
const KILLS = Number(process.env['CAIRN_KILLS'] ?? (process.env['CI'] ? 50 : 15))
const TOTAL = String(30 * 20_000 + (29 * 30) / 2)

/**
 * The real command line is killed at a moment of its own, a doctor looks at the store it left, and the next
 * run gets to the end with what was finished.
 */
it('the store is intact after a kill -9 at any moment, and the next run continues from it', async () => {
  const project = new CliProject(FILES)
  let whole = await timed(() => project.run('killed'))
  for (let round = 0, killed = 0; killed < KILLS; round++) {
    const store = ['--store', project.path(`store-${round}`)]
    const run = project.start(...store, 'run', 'killed')
    const ended = exit(run)
    // Spread over all of a run's life. A moment, not a wait for anything: any other would do as well.
    const moment = setTimeout(() => run.kill('SIGKILL'), (whole * ((round % KILLS) + 0.5)) / KILLS)
    const lived = await timed(() => ended)
    clearTimeout(moment)
    if ((await ended) === null) killed++
    else whole = Math.min(whole, lived) // the machine is faster than it was

    const checkup = JSON.parse((await project.cairn('--json', ...store, 'doctor')).stdout) as { sound: boolean }
    expect(checkup.sound, `round ${round}`).toBe(true)
    const finished = project.stored('local/killed/checkpoints', `store-${round}`).length
    const { code, stdout } = await project.cairn('--json', ...store, 'run', 'killed')
    expect(code, `round ${round}`).toBe(0)
    expect((JSON.parse(stdout) as Summary).steps.weigh.outputs.total.text).toBe(TOTAL)
    expect(project.stored('local/killed/checkpoints', `store-${round}`).length).toBe(32)
    if (finished > 0) expect(stdout).toContain('"reused"')
  }
})

interface Summary {
  readonly steps: { readonly weigh: { readonly outputs: { readonly total: { readonly text: string } } } }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
