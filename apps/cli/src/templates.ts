/** The files that `cairn new` writes: names and contents. */
type Files = Readonly<Record<string, string>>

/** What `cairn new` can write. */
export const TEMPLATES: Readonly<Record<string, (name: string) => Files>> = {
  step: stepFiles,
  pipeline: pipelineFiles,
  connector: connectorFiles,
  kind: kindFiles,
}

function stepFiles(name: string): Files {
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

function pipelineFiles(name: string): Files {
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

function connectorFiles(name: string): Files {
  const id = camel(`from-${name}`)
  return {
    [`${name}.ts`]: `import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Connector } from 'cairn'

/** Reads the lines of a text file. The file's content is its version: the source runs again when it changes. */
export function ${id}(path: string): Connector<readonly string[]> {
  return {
    name: path,
    version: async ({ root }) => createHash('sha256').update(await readFile(resolve(root, path))).digest('hex'),
    open: async ({ root }) => (await readFile(resolve(root, path), 'utf8')).trim().split('\\n'),
  }
}
`,
    [`${name}.test.ts`]: `import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { source } from 'cairn'
import { json } from 'cairn/kinds'
import { callStep } from 'cairn/testing'
import { ${id} } from './${name}.ts'

const countLines = source('count-lines', {
  reads: { lines: ${id}('lines.txt') },
  outputs: { lines: json<number>() },
  run: ({ lines }) => ({ lines: lines.length }),
})

test('${name} reads the lines of a file', async () => {
  const root = await mkdtemp(join(tmpdir(), '${name}-'))
  await writeFile(join(root, 'lines.txt'), 'one\\ntwo\\n')
  assert.deepEqual(await callStep(countLines, {}, {}, { root }), { lines: 2 })
})
`,
  }
}

function kindFiles(name: string): Files {
  const id = camel(name)
  return {
    [`${name}.ts`]: `import { CairnError, type Kind } from 'cairn'

/** Text, stored as UTF-8. Increase the version when \`encode\` writes other bytes for the same value. */
export function ${id}(): Kind<string> {
  return {
    name: '${name}',
    version: 1,
    schema: true,
    encode(value) {
      if (typeof value !== 'string') throw new CairnError('BAD_OUTPUT', \`the value is \${typeof value}, not text\`)
      if (!value.isWellFormed()) throw new CairnError('BAD_OUTPUT', 'the text holds half a surrogate pair')
      return { bytes: new TextEncoder().encode(value), summary: { characters: value.length } }
    },
    decode: async (artifact) => new TextDecoder().decode(await artifact.bytes()),
    preview: async (artifact) => ({ type: 'text', text: new TextDecoder().decode(await artifact.bytes()) }),
  }
}
`,
    [`${name}.test.ts`]: `import { test } from 'node:test'
import { checkKind } from 'cairn/kinds/testing'
import { ${id} } from './${name}.ts'

test('${name} reads back what it writes', async () => {
  await checkKind(${id}(), { values: ['', 'text', 'é😀'], refused: [3, null, '\\ud800'] })
})
`,
  }
}

function camel(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
