import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageStamp } from '@cairn/files'
import { CairnError } from '@cairn/kernel'
import type { PackageStates, StoredCode } from '@cairn/records'
import { only, Workshop } from './compute.fixture.ts'
import { withPackageChecks } from './package-checks.ts'
import { inProcess } from './in-process.ts'
import { processPool, type Pool } from './pool.ts'
import { shortBodiesInProcess } from './short-bodies-in-process.ts'

describe('a pool with checks of packages', () => {
  let shop: Workshop
  let pool: Pool
  let counted: readonly string[]
  const left: string[] = []
  beforeEach(() => {
    shop = new Workshop()
    pool = processPool({ ...shop.options, size: 1 })
    counted = ['outer', 'inner']
    left.splice(0)
    install('outer', { 'index.js': `export { value } from 'inner'\nexport const pid = process.pid` })
    install('inner', { 'index.js': `export const value = 'one'` })
  })
  afterEach(async () => {
    pool.close()
    await shop.remove()
  })

  function install(
    name: string,
    files: Readonly<Record<string, string>>,
    json: object = { type: 'module', exports: './index.js' },
  ) {
    shop.write(`node_modules/${name}/package.json`, JSON.stringify({ name, ...json }))
    for (const [file, text] of Object.entries(files)) shop.write(`node_modules/${name}/${file}`, text)
  }
  const examine = (): PackageStates =>
    Object.fromEntries(
      counted.map((name) => {
        const folder = join(shop.root, 'node_modules', name)
        const { stamp, changedAt } = packageStamp(folder)
        return [folder, { stamp, changedAt: Number(changedAt / 1_000_000n) }]
      }),
    )
  const code = (run: string, before = `import { value, pid } from 'outer'`): StoredCode => {
    const made = shop.code(run, { before })
    const packages = [{ name: 'outer', version: '1.0.0', integrity: 'sha512-', via: 0 }]
    return shop.withManifest(made, { reaches: [], packages })
  }
  const compute = () => withPackageChecks(pool, { examine })
  const out = (stored: StoredCode) => only(compute(), shop.work(stored))

  it('reuses a warm process while packages are unchanged, and starts a new one after a file changed', async () => {
    const pidOf = (text: string) => Number(text.split(' ')[1])
    const first = await out(code(`() => ({ out: value + ' ' + pid })`))
    expect(pidOf(await out(code(`() => ({ out: value + ' ' + pid + ' again' })`)))).toBe(pidOf(first))
    shop.write('node_modules/inner/index.js', `export const value = 'two'`)
    const second = await out(code(`() => ({ out: value + ' ' + pid + ' then' })`))
    expect(second).toMatch(/^two/)
    expect(pidOf(second)).not.toBe(pidOf(first))
  })

  it('notices changes in files however they are loaded: by require, by a late require, or as JSON', async () => {
    const json = { main: 'main.cjs' }
    const main = `exports.late = () => require('./late.cjs') + require('./data.json').n + require('inner').value`
    install('outer', { 'main.cjs': main, 'late.cjs': `module.exports = 'a'`, 'data.json': '{ "n": 1 }' }, json)
    install('inner', { 'index.js': `exports.value = 'b'` }, {})
    const late = (n: number) => out(code(`() => ({ out: late() + ' ${n}' })`, `import { late } from 'outer'`))
    expect(await late(1)).toBe('a1b 1')
    for (const [n, file, text, expected] of [
      [2, 'outer/late.cjs', `module.exports = 'A'`, 'A1b'],
      [3, 'outer/data.json', '{ "n": 2 }', 'A2b'],
      [4, 'inner/index.js', `exports.value = 'B'`, 'A2B'],
    ] as const) {
      shop.write(`node_modules/${file}`, text)
      expect(await late(n)).toBe(`${expected} ${n}`)
    }
  })

  it('refuses the result if a package changes while it is loaded', async () => {
    const edit = `import { writeFileSync } from 'node:fs'\nimport { value, pid } from 'outer'
      writeFileSync(${JSON.stringify(shop.path('node_modules/inner/index.js'))}, 'export const value = "3"')`
    await expect(out(code('() => ({ out: value })', edit))).rejects.toMatchObject({ code: 'MISFIT' })
    await expect(out(code('() => ({ out: value + pid })'))).resolves.toMatch(/^3/)
  })

  it('runs code in the host process only if the packages are older than that process and the step has no limits', async () => {
    const durations = { longest: () => 1 }
    const here = shortBodiesInProcess(inProcess({ ...shop.options, live: new Map() }), pool, durations)
    const stored = code('() => ({ out: String(process.pid) })')
    expect(await only(withPackageChecks(here, { examine }), shop.work(stored))).not.toBe(String(process.pid))
    const old = () =>
      Object.fromEntries(Object.entries(examine()).map(([at, state]) => [at, { ...state, changedAt: 0 }]))
    expect(await only(withPackageChecks(here, { examine: old }), shop.work(stored))).toBe(String(process.pid))
    for (const limit of [{ timeoutMs: 600_000 }, { memory: 2 ** 30 }])
      expect(await only(withPackageChecks(here, { examine: old }), shop.work(stored, limit))).not.toBe(
        String(process.pid),
      )
  })

  it('refuses the result if a package loads an undeclared one, even one that is already loaded', async () => {
    const error = {
      code: 'BAD_DEFINITION',
      message:
        'package outer loads inner, which is not a dependency in its package.json, so checkpoint keys cannot include its version',
    }
    expect(await out(code('() => ({ out: value })'))).toBe('one')
    counted = ['outer']
    await expect(out(code(`() => ({ out: 'x' + value })`))).rejects.toMatchObject(error)
    counted = ['outer', 'inner']
    expect(await out(code(`() => ({ out: 'y' + value })`))).toBe('yone')
    install('inner', {}, { type: 'module', exports: './index.js', cpu: ['x64'] })
    counted = ['outer']
    expect(await out(code(`() => ({ out: 'z' + value })`))).toBe('zone')
  })

  it('leaves the work to another host, with the reason, if a package is missing', async () => {
    const missing = new CairnError('MISFIT', 'outer is not installed here')
    const onMisfit = (step: string) => void left.push(step)
    const run = only(
      withPackageChecks(pool, { examine: () => missing, onMisfit }),
      shop.work(code('() => ({ out: value })')),
    )
    await expect(run).rejects.toBe(missing)
    expect(left).toEqual(['step'])
  })
})
