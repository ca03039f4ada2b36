import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocksOf, isAsShown, readPage, shownIn } from '../docs/document.ts'
import { ROOT } from '../setup/bundle.ts'
import { UserMachine } from './installed.fixture.ts'

let user: UserMachine
beforeAll(async () => {
  user = await UserMachine.start()
})
afterAll(() => user?.close())

function edit(file: string, from: string, to: string): void {
  const path = join(user.folder, file)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(user.folder, file, '..'), { recursive: true })
    writeFileSync(join(user.folder, file), text)
  }
}

/** Runs what a page shows, as its reader would, and compares what is printed. */
async function follow(page: string): Promise<void> {
  let folder = '.'
  const blocks = blocksOf(readPage(join(ROOT, page))).filter(({ info }) => info === 'console')
  for (const { command, output } of blocks.flatMap(shownIn)) {
    if (command.startsWith('cd ')) folder = join(folder, command.slice('cd '.length))
    else {
      const printed = await user.run(command, folder)
      if (!isAsShown(output, printed)) expect(printed, `$ ${command}`).toBe(output)
    }
  }
}

test('npm create, start, an edit, plan, test and check, as docs/start.md says; then an install of the user', async () => {
  expect(await user.run('npm create --yes cairn@latest -- --dry-run', '.')).toContain('my-pipelines/pipelines/rents.ts')
  await follow('docs/start.md')

  edit('my-pipelines/pipelines/least-squares.ts', 'slope = covariance', 'slope = 1.02 * covariance')
  const planned = await user.run('npx cairn plan rents', 'my-pipelines')
  expect(planned).toMatch(/split-flats +reuse/)
  expect(planned).toMatch(/fit-rent +run .*fitLine\(\) in pipelines\/least-squares.ts changed/)
  const rerun = await user.run('npx cairn run rents', 'my-pipelines')
  expect(rerun).toMatch(/split-flats +reused/)
  expect(rerun).toMatch(/evaluate-rent +computed/)
  await expect(user.run('npm test', 'my-pipelines')).rejects.toThrow('slope: 10.2')

  await user.run('npm install lodash', 'my-pipelines')
  expect(await user.run('npx cairn run rents --json', 'my-pipelines')).not.toContain('"computed"')

  edit(
    'my-pipelines/pipelines/rents.ts',
    'json<Line>() },\n  run: async ({ training })',
    'json<string>() },\n  run: async ({ training })',
  )
  await expect(user.run('npx cairn check', 'my-pipelines')).rejects.toThrow(
    /pipelines\/rents.ts\(\d+,\d+\): error TS\d+/,
  )
})

test('from the tarballs, as the README says', async () => {
  symlinkSync(dirname(user.packed), join(user.folder, 'cairn'))
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, commands] = /```sh\n(npx --yes --package \.\/cairn[^`]*)```/.exec(readme)!
  expect(
    await user.run(
      `set -e\n${commands!.replaceAll('cairn/dist', `cairn/${basename(user.packed)}`).replaceAll('my-pipelines', 'from-tarballs')}`,
      '.',
    ),
  ).toMatch(/completed {2}rents\/.*/)
})

test('pnpm, which shows a package only what it declares', async () => {
  await user.run('npm install --prefix tools pnpm@11', '.')
  const pnpm = `'${join(user.folder, 'tools/node_modules/.bin/pnpm')}'`
  await user.run(`${pnpm} create cairn@latest with-pnpm --no-install`, '.')
  await user.run(`${pnpm} install`, 'with-pnpm')
  expect(await user.run(`${pnpm} start`, 'with-pnpm')).toMatch(/completed {2}rents\/.*/)
  expect(await user.run(`${pnpm} test`, 'with-pnpm')).toMatch(/pass 1/)
  expect(await user.run(`${pnpm} exec cairn check`, 'with-pnpm')).toContain('types      right')
})

test('the oldest Node that is promised, and the message for older ones', async () => {
  await user.run('npm create --yes cairn@latest old-node', '.')
  write({ 'oldest/package.json': '{ "dependencies": { "node": "22.19.0" }, "allowScripts": { "node": true } }' })
  await user.run('npm install', 'oldest')
  user.useNode(join(user.folder, 'oldest/node_modules/node/bin/node'))
  expect(await user.run('node --version', '.')).toBe('v22.19.0\n')
  expect(await user.run('npm start', 'old-node')).toMatch(/completed {2}rents\/.*/)
  expect(await user.run('npm test', 'old-node')).toMatch(/pass 1/)
  expect(await user.run('npx cairn play rents --set split-flats.testShare=0.5', 'old-node')).toContain('flats')
  user.useNode(process.execPath)
})

test('a monorepo with a linked workspace: its code is part of the code of a step', async () => {
  write({
    'monorepo/package.json': '{ "private": true, "workspaces": ["packages/*"] }',
    'monorepo/packages/numbers/package.json':
      '{ "name": "numbers", "version": "1.0.0", "type": "module", "exports": "./index.ts" }',
    'monorepo/packages/numbers/index.ts': 'export const first = (): number => 1\n',
    'monorepo/packages/flows/package.json':
      '{ "name": "flows", "private": true, "type": "module", "dependencies": { "cairn": "*", "numbers": "*" }, "cairn": { "pipelines": ["*.ts"] } }',
    'monorepo/packages/flows/one.ts': `import { pipeline, step } from 'cairn'
import { json } from 'cairn/kinds'
import { first } from 'numbers'

export const makeOne = step('make-one', { outputs: { one: json<number>() }, run: () => ({ one: first() }) })
export const one = pipeline('one', () => makeOne({}))
`,
  })
  await user.run('npm install', 'monorepo')
  expect(await user.run('npx cairn run one', 'monorepo/packages/flows')).toMatch(/make-one +computed .*one: 1/)
  expect(await user.run('npx cairn run one', 'monorepo/packages/flows')).toMatch(/make-one +reused/)
  edit('monorepo/packages/numbers/index.ts', '=> 1', '=> 2')
  expect(await user.run('npx cairn run one', 'monorepo/packages/flows')).toMatch(/make-one +computed .*one: 2/)
})
