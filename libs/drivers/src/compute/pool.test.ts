import { hash } from 'node:crypto'
import { once } from 'node:events'
import { basename } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { fileStamp, markVerified } from '@cairn/files'
import type { Work } from '@cairn/records'
import { children, ended, gone, items, only, settle, Workshop } from './compute.fixture.ts'
import { computeSuite } from './compute.suite.ts'
import { processPool, type Pool } from './pool.ts'

computeSuite('a pool of processes', (options) => processPool({ ...options, size: 2 }))

describe('a pool of processes', () => {
  let shop: Workshop
  let pool: Pool
  const open = (options: Partial<Parameters<typeof processPool>[0]>) => {
    pool?.close()
    pool = processPool({ ...shop.options, ...options })
  }
  beforeEach(() => {
    shop = new Workshop()
    open({ size: 1 })
  })
  afterEach(async () => {
    pool.close()
    await shop.remove()
  })
  const out = (run: string, asked: Partial<Work> = {}, signal?: AbortSignal) =>
    only(pool, shop.work(shop.code(run), asked), signal)
  const pid = () => out('() => ({ out: String(process.pid) })').then(Number)

  it('imports packages of the project from the folders in the manifest', async () => {
    open({ root: shop.folder('project') })
    expect(await only(pool, shop.work(shop.codeWithPackages()))).toBe('red and round')
  })

  it('refuses a step without stored code', async () => {
    await expect(only(pool, shop.work({ inline: true }))).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      message: 'step has no stored code, and this process does not have its definition',
    })
  })

  it('runs one job after the other in the same process', async () => {
    const first = await pid()
    expect(first).not.toBe(process.pid)
    expect(await Promise.all([pid(), pid(), pid()])).toEqual([first, first, first])
  })

  it('runs as many jobs at once as it has processes', async () => {
    open({ size: 2 })
    const meet = (mine: string, other: string) =>
      out(`async () => {
        note('${mine}')
        await written('${other}')
        return { out: String(process.pid) }
      }`)
    const pids = await Promise.all([meet('a', 'b'), meet('b', 'a'), meet('c', 'd'), meet('d', 'c')])
    expect(new Set(pids).size).toBe(2)
  })

  it('uses the process that was started in advance', async () => {
    pool.warm()
    pool.warm()
    const warmed = children()
    expect(warmed).toHaveLength(1)
    expect(await pid()).toBe(warmed[0])
  })

  it('cancels waiting work, and continues with the rest', async () => {
    const cancel = new AbortController()
    const first = out(`async () => {
      note('began')
      await written('go')
      return { out: 'first' }
    }`)
    await shop.written('began')
    const second = out('() => (note("began"), { out: "second" })', {}, cancel.signal)
    const third = out('() => ({ out: "third" })')
    cancel.abort(new CairnError('CANCELLED', 'run run-1 was cancelled'))
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED', message: 'run run-1 was cancelled' })
    shop.write('go', '')
    expect(await Promise.all([first, third])).toEqual(['first', 'third'])
    expect(shop.lines('began')).toHaveLength(1)
  })

  it('does not count memory of earlier work against the limit of new work', async () => {
    await out('() => { globalThis.left = Buffer.alloc(500e6, 1); return { out: "" } }')
    const slow = '() => new Promise((done) => setTimeout(() => done({ out: "enough" }), 300))'
    expect(await out(slow, { memory: 400e6 })).toBe('enough')
  })

  it('keeps the secrets of its host out of the environment of its processes', async () => {
    vi.stubEnv('CAIRN_SECRET_TOKEN', 'a-b-c')
    vi.stubEnv('CAIRN_TEST', 'seen')
    try {
      const environment = await out('() => ({ out: JSON.stringify(process.env) })')
      expect(JSON.parse(environment)).toMatchObject({ CAIRN_TEST: 'seen', TZ: 'UTC', LC_ALL: 'en_US.UTF-8' })
      expect(environment).not.toMatch(/CAIRN_SECRET|a-b-c/)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  describe('when bodies return files', () => {
    const before = `
      import { spawn } from 'node:child_process'
      import { createWriteStream, linkSync, symlinkSync, writeFileSync } from 'node:fs'
      const file = { ...text, encode: async (path, to) => ({ file: await to.take(path) }) }
      const files = { ...text, item: file, encode: async ([path], to) => ({ items: [{ file: await to.take(path) }] }) }
      const make = (path, size = 2 << 20) => (writeFileSync(path, Buffer.alloc(size, 'x')), path)`
    /** Runs a body and returns the name of the file that goes to the store. A copy is named `out-0`. */
    const taken = async (run: string, outputs = '{ out: file }') => {
      const work = shop.work(shop.code(run, { before, outputs }))
      for await (const result of pool.run(work, new AbortController().signal)) {
        if ('error' in result) throw new CairnError(result.error.code, result.error.message)
        const { content, items } = result.outputs['out']!
        return basename(((items?.[0]?.content ?? content) as { file: string }).file)
      }
      throw new Error('nothing was given')
    }

    it('takes a large file without a copy if it belongs to a finished body', async () => {
      const within = `async (_, __, { scratch }) => {
        await new Promise((done) => createWriteStream(scratch + '/other').on('close', done).end('x'.repeat(9_000_000)))
        return { out: make(scratch + '/made') }
      }`
      expect(await taken(within)).toBe('made')
    })

    it.each([
      ['is small', `({ out: make(scratch + '/made', 1_000) })`],
      ['is outside the scratch folder', `({ out: make(root + 'made') })`],
      ['has a second hard link', `(linkSync(make(scratch + '/made'), root + 'linked'), { out: scratch + '/made' })`],
      ['is a symbolic link', `(symlinkSync(make(root + 'made'), scratch + '/made'), { out: scratch + '/made' })`],
      ['a running timer may still change', `(setInterval(() => {}, 1_000), { out: make(scratch + '/made') })`],
      ['a running program may still change', `(spawn('sleep', ['600']), { out: make(scratch + '/made') })`],
    ])('copies a file that %s', async (_, body) => {
      expect(await taken(`(_, __, { scratch }) => ${body}`)).toBe('out-0')
    })

    it('copies the files of a list, because the body may still be producing it', async () => {
      const body = `(_, __, { scratch }) => ({ out: [make(scratch + '/made')] })`
      expect(await taken(body, '{ out: files }')).toBe('out-0')
    })
  })

  it('does not verify an input again that its host has verified, unless the file has changed since', async () => {
    const digest = hash('sha256', 'what is meant')
    const path = shop.write('object', 'x'.repeat(2_000_000))
    const open = async () => path
    const inputs = { a: { digest, size: 2_000_000 } }
    const code = shop.code('({ a }) => ({ out: String(a.length) })', { inputs: '{ a: text }' })
    const length = () => only(pool, shop.work(code, { items: [{ ...items(1)[0]!, inputs }], open }))
    markVerified(digest, fileStamp(path))
    expect(await length()).toBe('2000000')
    shop.write('object', 'y'.repeat(2_000_001))
    await expect(length()).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  it('leaves no process behind when it is closed, and cancels waiting work', async () => {
    open({ size: 2 })
    await pid()
    const code = shop.code('() => { note("began"); while (true); }')
    const settling = [0, 1, 2].map(() => settle(pool, shop.work(code, { items: items(2) })))
    await shop.written('began', 2)
    pool.close()
    const closed = {
      error: expect.objectContaining({ code: 'CANCELLED', message: 'the pool of processes was closed' }),
    }
    expect(await Promise.all(settling)).toEqual(Array.from({ length: 3 }, () => [closed, closed]))
    await expect(pid()).rejects.toMatchObject({ code: 'CANCELLED' })
    pool.warm()
    await Promise.all(children().map(gone))
    expect(shop.lines('began')).toHaveLength(2)
    expect(shop.leftInScratch()).toEqual([])
  })

  describe('in a separate host process', () => {
    const start = (run: string, { stay }: { stay: boolean }) => {
      const code = shop.code(run, { before: `import { spawn } from 'node:child_process'` })
      const { open: _, ...work } = shop.work(code)
      return shop.host({ where: 'in a pool', root: shop.root, work, stay })
    }
    const noted = 'note("pid", String(process.pid))'
    const notedChild = 'note("pid", String(spawn("sleep", ["600"]).pid))'

    it.each([
      ['process with a body that never yields', `() => { ${noted}; while (true); }`],
      ['process with a body that waits', `() => { ${noted}; return new Promise(() => setInterval(() => {}, 1_000)) }`],
      ['program started by a body that never yields', `() => { ${notedChild}; while (true); }`],
      [
        'program started by a body that waits',
        `() => { ${notedChild}; return new Promise(() => setInterval(() => {}, 1_000)) }`,
      ],
    ])('leaves no %s behind if the host is killed', async (_, run) => {
      const child = start(run, { stay: true })
      const [left] = await shop.written('pid')
      child.kill('SIGKILL')
      await gone(Number(left))
    })

    it('leaves no idle process behind if the host is killed', async () => {
      const child = start(`() => (${noted}, { out: '' })`, { stay: true })
      await once(child, 'message')
      child.kill('SIGKILL')
      await gone(Number(shop.lines('pid')[0]))
    })

    it('leaves no process that was started in advance behind if the host is killed', async () => {
      const child = shop.host({ where: 'in a pool', root: shop.root, stay: true })
      await once(child, 'message')
      const [warmed] = children(child.pid)
      child.kill('SIGKILL')
      await gone(warmed!)
    })

    it('does not keep the host alive when all work is done', async () => {
      const child = start(`() => (${noted}, { out: '' })`, { stay: false })
      expect(await ended(child)).toBe(0)
      await gone(Number(shop.lines('pid')[0]))
    })
  })
})
