/** A linear chain of so many steps, each the number before plus one. Any length is the same code. */
export const CHAIN = {
  'chain.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'

export const start = step('start', { outputs: { n: json<number>() }, run: () => ({ n: 0 }) })
export const next = step('next', {
  inputs: { n: json<number>() },
  outputs: { n: json<number>() },
  run: ({ n }) => ({ n: n + 1 }),
})
export const chain = pipeline('chain', () => {
  let { n } = start({})
  for (let length = 1; length < Number(process.env.LENGTH); length++) ({ n } = next({ n }))
  return { n }
})
`,
}
export const ofLength = (length: number) => ({ LENGTH: String(length) })
