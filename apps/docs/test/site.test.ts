import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { figureOf } from '../src/fences.ts'
import { PAGES, ROOT, SITE } from '../src/folders.ts'
import { GROUPS, pagesIn } from '../src/navigation.ts'
import { brokenLinks } from './links.fixture.ts'

const site = mkdtempSync(join(tmpdir(), 'cairn-site-'))
const read = (file: string) => readFileSync(join(site, file), 'utf8')
beforeAll(async () => {
  // A process of its own, as for users: VitePress has another Vite than Vitest.
  await promisify(execFile)(process.execPath, [join(SITE, 'src/main.ts'), 'build', site])
})
afterAll(() => rmSync(site, { recursive: true, force: true }))

describe('the documentation site', () => {
  it('has every page of docs in its sidebar', () => {
    const written = pagesIn('').filter((page) => page !== 'index' && !page.startsWith('reference/'))
    expect(GROUPS.flatMap(({ pages }) => pages).toSorted()).toEqual(written)
  })

  it('has a page for each of them, for the public API of each module and for the changelog', () => {
    const built = globSync('**/*.html', { cwd: site }).map((file) => file.replace(/\.html$/, ''))
    expect(built).toEqual(expect.arrayContaining(['index', ...GROUPS.flatMap(({ pages }) => pages)]))
    expect(built).toContain('reference/changelog')
    expect(built).toContain('reference/cairn')
  })

  it('has no link that leads nowhere', () => {
    expect(brokenLinks(site)).toEqual([])
  })

  it('shows a link to a source as text, with its path, and serves the samples that pages link to', () => {
    const architecture = read('architecture.html')
    expect(architecture).toContain(
      '<span class="source" title="libs/engine/src/engine.ts"><code>Engine.handle</code></span>',
    )
    expect(architecture).not.toMatch(/href="[^"]*libs\/engine/)
    expect(read('consumers.html')).toContain('href="/consumers/notify.py"')
    expect(read('consumers/notify.py')).toBe(readFileSync(join(ROOT, 'docs/consumers/notify.py'), 'utf8'))
  })

  it('shows drawings with all that their Mermaid text says', () => {
    const drawn = globSync('**/*.md', { cwd: PAGES }).flatMap((page) =>
      [...readFileSync(join(PAGES, page), 'utf8').matchAll(/^```mermaid\n(.*?)^```$/gms)].map(([, source]) => ({
        figure: figureOf(page)?.replaceAll(/<\/text><text[^>]*>/g, ' '),
        labels: [...source!.matchAll(/[[(|]"?([a-z][^"|)\]]*)"?[\])|]/g)].map(([, label]) => label!),
      })),
    )
    expect(drawn).not.toEqual([])
    for (const { figure, labels } of drawn) for (const label of labels) expect(figure).toContain(label)
  })

  it('describes what a function throws and the defaults of options', () => {
    const kinds = read('reference/cairn.kinds.html')
    expect(kinds).toContain('BAD_DEFINITION for an unknown type')
    expect(read('reference/cairn.html')).toMatch(/Default/)
  })

  it('shows the version of the packages', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'libs/cairn/package.json'), 'utf8')) as { version: string }
    expect(read('start.html')).toContain(`v${version}`)
  })

  it('loads nothing from elsewhere', () => {
    const external = globSync('**/*.html', { cwd: site }).flatMap((file) =>
      [...read(file).matchAll(/<(?:script|link|img)[^>]*\s(?:src|href)="(https?:[^"]+)"/g)].map(([, url]) => url),
    )
    expect(external).toEqual([])
  })
})
