import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const guide = readFileSync(join(root, 'docs/guides/artifact-kinds.md'), 'utf8')
const samples = [...guide.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code!)

const folder = mkdtempSync(join(tmpdir(), 'cairn-guide-'))
afterAll(() => rmSync(folder, { recursive: true }))
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
for (const [index, code] of samples.entries()) writeFileSync(join(folder, `sample-${index}.ts`), code)

test('the guide has samples', () => expect(samples).toHaveLength(2))

test.each(samples.map((_, index) => index))('sample %i runs', async (index) => {
  await promisify(execFile)(process.execPath, [join(folder, `sample-${index}.ts`)])
})

test('the samples compile', async () => {
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { composite: false },
      include: ['*.ts'],
    }),
  )
  const compiler = join(root, 'node_modules/typescript-native/bin/tsc')
  await promisify(execFile)(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], { cwd: folder }).catch(
    ({ stdout }: { stdout: string }) => expect.fail(stdout),
  )
})
