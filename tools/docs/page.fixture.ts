import { cpSync, existsSync, globSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  blocksOf,
  isAsShown,
  readPage,
  shownIn,
  type,
  withOutputs,
  writeSample,
  type Block,
  type Shown,
} from './document.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** Set to write real outputs into the pages where they differ, instead of failing. */
const UPDATE = process.env['DOCS_UPDATE'] === '1'

const NEEDS_SERVERS = '<!-- with servers -->'
/** Its commands are run by `tools/package/installed.test.ts`, on a machine where Cairn is installed as users do. */
const RUN_FROM_PACKAGES = '<!-- run from the packages -->'
/** Pages that the documentation site is built from, besides those here. */
const GENERATED = 'docs/reference/'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-docs-'))
  folders.push(folder)
  return folder
}

/** A reader's folder: empty but for Cairn; or, of a page that is about this repository, the repository itself. */
function readersFolder(page: string): string {
  if (page.includes('<!-- in this repository -->')) return ROOT
  const folder = newFolder()
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}

/** What `npm start` has left in this repository would be in the way of a page that starts it on another store. */
function setResultsAside(): void {
  const [results, aside] = [join(ROOT, 'results'), join(newFolder(), 'results')]
  beforeAll(() => {
    if (existsSync(results)) cpSync(results, aside, { recursive: true })
    rmSync(results, { recursive: true, force: true })
  })
  afterAll(() => {
    rmSync(results, { recursive: true, force: true })
    if (existsSync(aside)) cpSync(aside, results, { recursive: true })
  })
}

/** The pages that need servers, or those that need none. */
export function pages({ servers }: { servers: boolean }): string[] {
  const all = globSync(['{README,CONTRIBUTING,SECURITY}.md', 'docs/**/*.md'], { cwd: ROOT }).sort()
  return all.filter(
    (file) => !file.startsWith(GENERATED) && readPage(join(ROOT, file)).includes(NEEDS_SERVERS) === servers,
  )
}

/** Declares a page's tests: its samples compile and run, its commands print what is shown, its links lead somewhere. */
export function testPage(file: string): void {
  const page = readPage(join(ROOT, file))
  const folder = readersFolder(page)
  const env = {
    PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
    CAIRN: ROOT,
    ...(folder === ROOT && { CAIRN_STORE: join(newFolder(), 'store') }),
  }
  if (folder === ROOT) setResultsAside()
  const samples: string[] = []
  const changed = new Map<Block, Shown[]>()

  for (const [index, block] of (page.includes(RUN_FROM_PACKAGES) ? [] : blocksOf(page)).entries()) {
    const [language] = block.info.split(' ')
    const quoted = /\bof=(\S+)/.exec(block.info)?.[1]
    if (quoted !== undefined) {
      it(`line ${block.line}: it is what ${quoted} says`, () =>
        expect(readPage(join(ROOT, quoted))).toContain(block.text))
      continue
    }
    if (language === 'ts' || language === 'json')
      it(`line ${block.line}: the sample can be used`, async () => {
        const written = writeSample(folder, block)
        if (language !== 'ts') return
        const sample = written ?? `sample-${index}.ts`
        if (!written) writeFileSync(join(folder, sample), block.text)
        samples.push(sample)
        if (!written) await promisify(execFile)(process.execPath, [join(folder, sample)], { cwd: folder })
      })
    if (language === 'console')
      it(`line ${block.line}: the commands print what is shown`, async () => {
        const real: Shown[] = []
        for (const { command, output } of shownIn(block)) {
          const printed = await type(command, folder, env)
          const same = isAsShown(output, printed)
          real.push({ command, output: same ? output : printed })
          if (!same && !UPDATE) expect(printed, `$ ${command}`).toBe(output)
          if (!same) changed.set(block, real)
        }
        if (changed.has(block)) changed.set(block, real)
      })
  }

  it('its samples compile', async () => {
    if (samples.length === 0 || folder === ROOT) return
    const options = { composite: false }
    const config = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions: options, include: ['**/*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(ROOT, 'node_modules/typescript-native/bin/tsc')
    await promisify(execFile)(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], { cwd: folder }).catch(
      ({ stdout }: { stdout: string }) => expect.fail(stdout),
    )
  })

  it('its links lead somewhere', () => {
    for (const [, target] of page.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g))
      if (!/^[a-z]+:/.test(target!))
        expect(globSync(join(dirname(file), target!), { cwd: ROOT }), `${file} links to ${target}`).toHaveLength(1)
  })

  afterAll(async () => {
    if (page.includes(NEEDS_SERVERS)) await type('npx cairn down', folder, env)
    if (changed.size > 0) writeFileSync(join(ROOT, file), withOutputs(page, changed))
  })
}
