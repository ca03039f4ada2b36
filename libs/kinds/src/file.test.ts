import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { file } from './file.ts'
import { artifactFolder, checkKind } from './testing.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())
const original = folder.encoder.file()
writeFileSync(original, 'origin,delay\nATL,5\n')
const directory = folder.encoder.file()
mkdirSync(directory)

test('file meets the contract of the engine', () =>
  checkKind(file('csv'), {
    values: [original, { path: original }, { text: 'é' }, Uint8Array.from([0, 255])],
    refused: ['/no/such/file', directory, 3, null, {}],
    read: async (stored) => Buffer.from(await stored.bytes()).toString('base64'),
    expect: (written) => {
      if (written instanceof Uint8Array) return Buffer.from(written).toString('base64')
      const content = typeof written === 'object' && 'text' in written ? Buffer.from('é') : readFileSync(original)
      return content.toString('base64')
    },
  }))

test('a returned file is copied, and later edits do not change the artifact', async () => {
  const source = folder.encoder.file()
  writeFileSync(source, 'before')
  const artifact = await folder.write(file(), source)
  writeFileSync(source, 'after')
  expect(existsSync(source)).toBe(true)
  expect(await (await file().decode(artifact)).text()).toBe('before')
  expect(artifact.ref.summary).toEqual({ bytes: 6 })
})

test('a file that was received can be returned', async () => {
  const received = await file().decode(await folder.write(file(), original))
  const again = await folder.write(file(), received)
  expect(await (await file().decode(again)).text()).toBe(readFileSync(original, 'utf8'))
  expect(received.size).toBe(again.ref.size)
})

test('a missing file is refused by its path', async () => {
  await expect(folder.write(file(), '/no/such/file')).rejects.toThrow('file /no/such/file does not exist')
  await expect(folder.write(file(), directory)).rejects.toThrow('is a folder')
})

test('text is previewed by its first lines, anything else by its size', async () => {
  const preview = async (value: Uint8Array) => {
    const kind = file()
    return kind.preview!(await folder.write(kind, value), { rows: 1 })
  }
  expect(await preview(Buffer.from('a,b\n1,é\n'))).toEqual({ type: 'text', text: 'a,b\n1,é\n' })
  const long = await preview(Buffer.from('é'.repeat(5000)))
  expect(long).toEqual({ type: 'text', text: 'é'.repeat(2048) })
  expect(await preview(Uint8Array.from([80, 65, 82, 49, 0, 21]))).toMatchObject({
    type: 'summary',
    fields: { bytes: 6 },
  })
})

test('the extension is a part of the description', () => {
  expect(file('csv').schema).toEqual({ extension: 'csv' })
  expect(file().accepts!({ kind: 'file', version: 1, schema: { extension: 'csv' } })).toBe(true)
})
