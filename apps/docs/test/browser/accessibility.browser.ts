import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import axe from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SITE } from '../../src/folders.ts'
import { serve } from './serve.fixture.ts'

const CHROMIUM = process.env['CAIRN_CHROMIUM'] ?? '/usr/bin/chromium'
/** A folder for pictures of some pages. */
const SHOTS = process.env['CAIRN_SITE_SHOTS']

const PAGES = [
  'index',
  'tutorial',
  'guides/pipelines',
  'coming-from/metaflow',
  'architecture',
  'reference/cairn',
  'rest',
]
const SHOT: ReadonlySet<string> = new Set(['index', 'tutorial', 'coming-from/metaflow', 'reference/cairn', 'rest'])

const looks = (['light', 'dark'] as const).flatMap((scheme) =>
  [1280, 390].map((width) => ({ scheme, width, name: `${scheme}, ${width} pixels wide` })),
)

describe.skipIf(!existsSync(CHROMIUM))(`the site in ${CHROMIUM}`, () => {
  const site = mkdtempSync(join(tmpdir(), 'cairn-site-'))
  let browser: Browser
  let server: Server
  let url: string
  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(SITE, 'src/main.ts'), 'build', site])
    ;({ server, url } = await serve(site))
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
    rmSync(site, { recursive: true, force: true })
  })

  describe.each(looks)('$name', ({ scheme, width }) => {
    it.each(PAGES)('%s: axe finds no violations, and nothing is wider than the window', async (path) => {
      const page = await browser.newPage({ colorScheme: scheme, viewport: { width, height: 900 } })
      await open(page, `${url}/${path}.html`)
      if (SHOTS !== undefined && SHOT.has(path))
        await page.screenshot({ path: join(SHOTS, `${path.replaceAll('/', '-')}-${scheme}-${width}.png`) })
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      await page.close()
    })
  })

  it('finds a page by a word of it', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await open(page, `${url}/index.html`)
    await page.keyboard.press('Control+k')
    await page.fill('.VPLocalSearchBox input', 'tolerate')
    await page.waitForSelector('.VPLocalSearchBox .result')
    expect(await page.textContent('.VPLocalSearchBox .results')).toMatch(/Pipelines/)
    await page.close()
  })
})

/** Opens a page and waits until it can be used; a request to another machine is an error. */
async function open(page: Page, address: string): Promise<void> {
  const { origin } = new URL(address)
  const elsewhere: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) elsewhere.push(request.url())
  })
  await page.goto(address, { waitUntil: 'networkidle' })
  expect(elsewhere).toEqual([])
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> }
    }
    const { violations } = await axe.run()
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    )
  })
}
