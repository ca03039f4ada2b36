/** The files that `cairn new` writes: names and contents. */
type Files = Readonly<Record<string, string>>

export function stepFiles(name: string): Files {
  const id = camel(name)
  return {
    [`${name}.ts`]: `import { step } from 'cairn'
import { json } from 'cairn/kinds'

export const ${id} = step('${name}', {
  inputs: { numbers: json<number[]>() },
  outputs: { total: json<number>() },
  run: ({ numbers }) => ({ total: numbers.reduce((sum, number) => sum + number, 0) }),
})
`,
    [`${name}.test.ts`]: `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callStep } from 'cairn/testing'
import { ${id} } from './${name}.ts'

test('${name} adds up its numbers', async () => {
  assert.deepEqual(await callStep(${id}, { numbers: [1, 2, 3] }), { total: 6 })
})
`,
  }
}

export function pipelineFiles(name: string): Files {
  const id = camel(name)
  return {
    [`${name}.ts`]: `import { pipeline, step } from 'cairn'
import { json } from 'cairn/kinds'

export const makeNumbers = step('make-numbers', {
  outputs: { numbers: json<number[]>() },
  run: () => ({ numbers: [1, 2, 3] }),
})

export const addUp = step('add-up', {
  inputs: { numbers: json<number[]>() },
  outputs: { total: json<number>() },
  run: ({ numbers }) => ({ total: numbers.reduce((sum, number) => sum + number, 0) }),
})

export const ${id} = pipeline('${name}', () => {
  const { numbers } = makeNumbers({})
  return addUp({ numbers })
})
`,
    [`${name}.test.ts`]: `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callStep } from 'cairn/testing'
import { addUp, ${id}, makeNumbers } from './${name}.ts'

test('${name} adds up what it makes', async () => {
  assert.deepEqual([...${id}.graph.nodes.keys()], ['make-numbers', 'add-up'])
  assert.deepEqual(await callStep(addUp, await callStep(makeNumbers, {})), { total: 6 })
})
`,
  }
}

function camel(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
