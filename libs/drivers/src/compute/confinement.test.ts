import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gone, only, Workshop } from './compute.fixture.ts'
import { computeSuite } from './compute.suite.ts'
import type { Confinement } from './confinement.ts'
import { processPool, type Pool } from './pool.ts'

const NOTHING: Confinement = { environment: [], reads: [], writes: [], programs: false }

computeSuite('a pool of confined processes', (options) =>
  processPool({ ...options, size: 2, confinement: { ...NOTHING, writes: [options.root], programs: true } }),
)

describe('a confined body', () => {
  let shop: Workshop
  let outside: string
  let pool: Pool
  const open = (allowed: Partial<Confinement> = {}) => {
    pool?.close()
    const confinement = { ...NOTHING, reads: [shop.folder('code')], ...allowed }
    pool = processPool({ ...shop.options, root: shop.folder('project'), size: 1, confinement })
  }
  beforeEach(() => {
    shop = new Workshop()
    outside = mkdtempSync(join(tmpdir(), 'cairn-outside-'))
    writeFileSync(join(outside, 'connection.json'), 'of the host')
    vi.stubEnv('CAIRN_S3_SECRET_KEY', 'of the host').stubEnv('RATE', '7')
    open()
  })
  afterEach(async () => {
    pool.close()
    vi.unstubAllEnvs()
    await shop.remove()
    rmSync(outside, { recursive: true })
  })
  const run = (body: string) => only(pool, shop.work(shop.code(`async (_, __, { scratch }) => { ${body} }`)))
  const read = (file: string) =>
    run(`const { readFileSync } = await import('node:fs'); return { out: readFileSync(${JSON.stringify(file)}) }`)
  const write = (file: string) =>
    run(`const { writeFileSync } = await import('node:fs')
      writeFileSync(${file}, 'written')
      return { out: 'done' }`)
  const start = () =>
    run(`const { execFileSync } = await import('node:child_process')
      return { out: execFileSync(process.execPath, ['-p', '6 * 7']).toString().trim() }`)

  it('sees only the environment variables that are allowed', async () => {
    const names = () => run(`return { out: Object.keys(process.env).sort().join(' ') }`)
    expect(await names()).not.toMatch(/CAIRN|RATE/)
    open({ environment: ['RATE', 'NOT_SET'] })
    expect(await names()).toMatch(/\bRATE\b/)
    expect(await names()).not.toMatch(/CAIRN|NOT_SET/)
  })

  it('reads the files of the project, but no hidden ones, and no files of its host or of others', async () => {
    shop.write('project/data/rows.csv', 'a,b')
    shop.write('project/.cairn/secrets.json', 'of others')
    shop.write('project/.env', 'of others')
    mkdirSync(join(outside, 'linked'))
    writeFileSync(join(outside, 'linked', 'package.json'), '{"name":"linked"}')
    symlinkSync(join(outside, 'linked'), join(shop.folder('project/node_modules'), 'linked'))
    expect(await read(join(shop.root, 'project/data/rows.csv'))).toBe('a,b')
    expect(await read(join(shop.root, 'project/node_modules/linked/package.json'))).toBe('{"name":"linked"}')
    for (const file of [
      join(shop.root, 'project/.cairn/secrets.json'),
      join(shop.root, 'project/.env'),
      join(outside, 'connection.json'),
      `/proc/${process.pid}/environ`,
      '/etc/passwd',
    ])
      await expect(read(file)).rejects.toMatchObject({
        code: 'STEP_FAILED',
        message: `step is not allowed to read ${file} on this host`,
        next: 'allow it with an environment variable of the service: CAIRN_STEP_READS=<folder>',
      })
    open({ reads: [outside, shop.folder('code')] })
    expect(await read(join(outside, 'connection.json'))).toBe('of the host')
  })

  it('fails if it accesses a hidden file of the project, even if Node reports no error', async () => {
    shop.write('project/data/rows.csv', 'a,b')
    const root = shop.folder('project')
    const find = () =>
      run(`const { globSync } = await import('node:fs')
        return { out: globSync('data/*', { cwd: ${JSON.stringify(root)} }).join() }`)
    expect(await find()).toBe('data/rows.csv')
    shop.write('project/.cairn/secrets.json', 'of others')
    await expect(find()).rejects.toMatchObject({ message: `step is not allowed to read ${root} on this host` })
    const swallow = `const { existsSync } = await import('node:fs')
      try { existsSync('${root}/.env') } catch {}
      return { out: 'nothing there' }`
    await expect(run(swallow)).rejects.toMatchObject({
      message: `step is not allowed to read ${root}/.env on this host`,
    })
    open({ reads: [root, shop.folder('code')] })
    expect(await find()).toBe('data/rows.csv')
  })

  it('keeps its own errors unchanged, even if they look like a denied permission', async () => {
    for (const permission of ['constructor', '__proto__', 'Network', 7]) {
      const own = `Object.assign(new Error('mine'), { code: 'ERR_ACCESS_DENIED', permission: ${JSON.stringify(permission)} })`
      await expect(run(`throw ${own}`)).rejects.toMatchObject({ code: 'STEP_FAILED', message: 'mine' })
    }
  })

  it('reads a file that was added to the project after its process started', async () => {
    await run(`return { out: 'warm' }`)
    const late = shop.write('project/late.csv', 'a,b')
    expect(await read(late)).toBe('a,b')
  })

  it('writes only to its scratch folder, unless more is allowed', async () => {
    expect(await write(`scratch + '/file'`)).toBe('done')
    const file = join(outside, 'file')
    await expect(write(JSON.stringify(file))).rejects.toMatchObject({
      message: `step is not allowed to write ${file} on this host`,
    })
    open({ writes: [outside] })
    expect(await write(JSON.stringify(file))).toBe('done')
  })

  it('cannot start programs, unless that is allowed', async () => {
    await expect(start()).rejects.toMatchObject({
      message: expect.stringMatching(/^step is not allowed to start .* on this host$/) as string,
      next: 'allow it with an environment variable of the service: CAIRN_STEP_PROGRAMS=true',
    })
    open({ programs: true })
    expect(await start()).toBe('42')
  })
})

it('a pool ends an idle process after the configured time', async () => {
  const shop = new Workshop()
  const pool = processPool({ ...shop.options, size: 1, idle: 1 })
  try {
    const first = Number(await only(pool, shop.work(shop.code('() => ({ out: String(process.pid) })'))))
    await gone(first)
    const second = Number(await only(pool, shop.work(shop.code('() => ({ out: String(process.pid) })'))))
    expect(second).not.toBe(first)
  } finally {
    pool.close()
    await shop.remove()
  }
})
