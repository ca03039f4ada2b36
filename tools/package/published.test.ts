import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiReport } from './api-report.ts'
import { packAll, type Tarball } from './pack.ts'
import { moduleName, PUBLISHED } from './packages.ts'

const out = mkdtempSync(join(tmpdir(), 'cairn-published-'))
let tarballs: readonly Tarball[]
beforeAll(async () => {
  tarballs = await packAll(out)
})
afterAll(() => rmSync(out, { recursive: true, force: true }))

describe.each(PUBLISHED)('$name', ({ name, exports = {} }) => {
  const folder = join(out, name)

  test('publint finds nothing', async () => {
    const { messages, pkg } = await publint({ pkgDir: folder, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg!, { color: false }))).toEqual([])
  })

  test('its types are right for importing modules', async () => {
    const { filename } = tarballs.find((tarball) => tarball.name === name)!
    const found = await checkPackage(createPackageFromTarballData(readFileSync(join(out, filename))))
    // The packages are ES modules only, so `require` and the resolution of before 2022 do not count.
    const problems = found.types ? found.problems : []
    expect(
      problems.filter((problem) => !FOR_OTHERS.has('resolutionKind' in problem ? problem.resolutionKind : '')),
    ).toEqual([])
  })

  test('it has a license and no sources, tests or paths of this machine', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    expect(files).toContain('LICENSE')
    expect(files.filter((file) => /\.(test|fixture|suite)\./.test(file) && !file.startsWith('template'))).toEqual([])
    const withPath = files.filter(
      (file) => /\.(js|ts|json|map)$/.test(file) && readFileSync(join(folder, file), 'utf8').includes(process.cwd()),
    )
    expect(withPath).toEqual([])
  })

  const typed = Object.entries(exports).filter(([, source]) => source.endsWith('.ts'))
  test.each(typed)('the public API of %s is as reported', (subpath) => {
    const report = join(import.meta.dirname, 'api', `${basename(name)}-${moduleName(subpath)}.api.md`)
    const { isUpToDate, problems } = apiReport(folder, moduleName(subpath), report, Boolean(process.env['DOCS_UPDATE']))
    expect(problems).toEqual([])
    expect(isUpToDate, `${report} changed; if on purpose, run again with DOCS_UPDATE=1`).toBe(true)
    expect(existsSync(report)).toBe(true)
  })
})

const FOR_OTHERS: ReadonlySet<string> = new Set(['node10', 'node16-cjs'])
