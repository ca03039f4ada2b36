import { once } from 'node:events'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CairnError } from '@cairn/kernel'
import type { ItemResult, Work } from '@cairn/records'
import { DEADLINE_MS, ended, gone, items, only, settle, Workshop } from './compute.fixture.ts'
import { memoryGroup } from './memory-group.fixture.ts'
import { processPool, type Pool } from './pool.ts'
import { runInWorker } from './session.ts'
import { WorkerProcess } from './worker-process.ts'

describe('a body in a worker process', () => {
  let shop: Workshop
  let pool: Pool
  beforeEach(() => {
    shop = new Workshop()
    pool = processPool({ ...shop.options, size: 1 })
  })
  afterEach(async () => {
    pool.close()
    await shop.remove()
  })
  const never = new AbortController().signal
  const out = (run: string, asked: Partial<Work> = {}, signal = never) =>
    only(pool, shop.work(shop.code(run), asked), signal)
  const expectNextWork = async () => expect(await out('() => ({ out: "next" })')).toBe('next')

  /** Runs three items, of which the second fails, and returns its error. */
  const secondOfThree = async (wrong: string, asked: Partial<Work> = {}) => {
    const code = shop.code(
      `() => {
        note('items')
        const kept = []
        if (readFileSync(root + 'items', 'utf8').match(/here/g).length === 2) { ${wrong} }
        return { out: 'fine' }
      }`,
      {
        before: `import { readFileSync } from 'node:fs'
          const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)`,
      },
    )
    const [first, second, third] = await settle(pool, shop.work(code, { items: items(3), ...asked }))
    expect([first, third]).toEqual([{ outputs: { out: 'fine' } }, { outputs: { out: 'fine' } }])
    return (second as { error: unknown }).error
  }

  describe('that blocks', () => {
    it('is stopped at its timeout, and the later items run', async () => {
      expect(await secondOfThree('while (true);', { timeoutMs: 3_000 })).toMatchObject({
        code: 'TIMED_OUT',
        message: 'step exceeded its timeout of 3 s',
      })
      await expectNextWork()
    })

    it('is stopped if its run is cancelled', async () => {
      const cancel = new AbortController()
      const spinning = out('() => { note("began"); while (true); }', {}, cancel.signal)
      await shop.written('began')
      cancel.abort(new CairnError('CANCELLED', 'run run-1 was cancelled'))
      await expect(spinning).rejects.toMatchObject({ code: 'CANCELLED', message: 'run run-1 was cancelled' })
      await expectNextWork()
    })

    it('is stopped if nothing waits for its result any more', async () => {
      const code = shop.code(
        `() => {
          note('pids', String(process.pid))
          if (++calls === 2) while (true);
          return { out: '' }
        }`,
        { before: 'let calls = 0' },
      )
      for await (const result of pool.run(shop.work(code, { items: items(2) }), never)) {
        expect(result).toHaveProperty('outputs')
        await shop.written('pids', 2)
        break
      }
      await gone(Number(shop.lines('pids')[1]))
      await expectNextWork()
    })
  })

  describe('that exceeds its memory limit', () => {
    const grow = (how: string) => `for (let n = 0; n < 150; n++) { ${how}; pause() }`

    it.each([
      ['buffers', 'kept.push(Buffer.alloc(20e6, 1))'],
      ['objects', 'kept.push(Array.from({ length: 500_000 }, (_, n) => ({ n })))'],
    ])('is stopped if it allocates %s, and the later items run', async (_, how) => {
      expect(await secondOfThree(grow(how), { memory: 400e6 })).toMatchObject({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/^step used \d+ MB of memory; its limit is 400 MB$/),
        next: 'raise its limit, memory: "4GB", or process less data at a time',
      })
    })

    it('is stopped by the limit of the pool if its step has none', async () => {
      pool = processPool({ ...shop.options, size: 1, memory: 400e6 })
      const error = await secondOfThree(grow('kept.push(Buffer.alloc(20e6, 1))'))
      expect(error).toMatchObject({ code: 'OUT_OF_MEMORY' })
    })

    it('is distinguished from other crashes if V8 runs out of memory', async () => {
      const worker = new WorkerProcess(64 * 2 ** 20, shop.options, () => {})
      const code = shop.code(
        '() => { for (const kept = []; ; ) kept.push(Array.from({ length: 1e5 }, (_, n) => ({ n }))) }',
      )
      const session = { work: shop.work(code), memory: 8e9, secrets: {}, signal: never, options: shop.options }
      const results: ItemResult[] = []
      for await (const result of runInWorker(worker, session)) results.push(result)
      const message = 'step exceeded the limit of 67 MB for JavaScript objects'
      expect(results).toMatchObject([{ index: 0, error: { code: 'OUT_OF_MEMORY', message } }])
    })
  })

  describe('that is killed from outside', () => {
    it('is reported once with its memory use, and the later items run', async () => {
      const code = shop.code(
        `async () => {
          note('pids', String(process.pid))
          if (lines().length === 2) await written('never')
          return { out: 'fine' }
        }`,
        {
          before: `import { readFileSync } from 'node:fs'
            const lines = () => readFileSync(root + 'pids', 'utf8').trim().split('\\n')`,
        },
      )
      const settled = settle(pool, shop.work(code, { items: items(3), memory: 900e6 }))
      const [, victim] = await shop.written('pids', 2)
      process.kill(Number(victim), 'SIGKILL')
      const [first, second, third] = await settled
      expect([first, third]).toEqual([{ outputs: { out: 'fine' } }, { outputs: { out: 'fine' } }])
      expect(second).toMatchObject({
        error: {
          code: 'STEP_CRASHED',
          message: expect.stringMatching(
            /^the process that ran step was killed \(SIGKILL\), but not by Cairn, and probably by the system because memory ran out; it used \d+ MB, and its limit is 900 MB$/,
          ) as string,
          next: expect.stringContaining('dmesg') as string,
        },
      })
      expect(shop.lines('pids')).toHaveLength(3)
    })

    const group = memoryGroup(500e6)
    afterAll(() => group?.remove())
    it.runIf(group)('is reported as out of memory if the OOM killer of the kernel killed it', async () => {
      const { open: _, ...work } = shop.work(
        shop.code('() => { const kept = []; for (;;) kept.push(Buffer.alloc(50e6, 1)) }'),
        { memory: 8e9 },
      )
      const child = shop.host({ where: 'in a pool', root: shop.root, work, stay: false })
      group!.add(child.pid!)
      const [result] = (await once(child, 'message')) as [ItemResult]
      expect(result).toMatchObject({
        index: 0,
        error: {
          code: 'OUT_OF_MEMORY',
          message: expect.stringMatching(
            /^the process that ran step was killed \(SIGKILL\) by the kernel, because memory ran out; it used \d+ MB, and its limit is 8000 MB, and \S+ had no free memory$/,
          ) as string,
        },
      })
      await ended(child)
    })
  })

  describe('that exits its process', () => {
    it.each([
      [
        'exits with an error code',
        'console.error("nothing more to do"); process.exit(7)',
        'exited with code 7: nothing more to do',
      ],
      ['exits with code 0', 'process.exit()', 'exited with code 0'],
      ['kills itself', 'process.kill(process.pid, "SIGKILL"); while (true);', 'was killed (SIGKILL)'],
      [
        'has a segmentation fault',
        'console.error("a fault"); process.kill(process.pid, "SIGSEGV")',
        'was killed (SIGSEGV): a fault',
      ],
      [
        'throws in a callback',
        'setImmediate(() => { throw new Error("too late") }); return new Promise(() => {})',
        'too late',
      ],
    ])('is reported as a crash with its last output if it %s, and the other items run', async (_, end, told) => {
      expect(await secondOfThree(end)).toMatchObject({
        code: 'STEP_CRASHED',
        message: expect.stringContaining(told),
      })
    })

    it('is reported with its own last output only, without secrets', async () => {
      shop.secrets['TOKEN'] = 'a-b-c'
      await out('() => { console.error("what came before"); return { out: "" } }')
      const dying = out('(_, __, { secrets }) => { console.error("at the end: " + secrets.TOKEN); process.exit(1) }', {
        secrets: ['TOKEN'],
      })
      await expect(dying).rejects.toMatchObject({
        message: 'the process that ran step exited with code 1: at the end: ***',
      })
    })

    it('is reported without the output of earlier items of its work', async () => {
      const code = shop.code(
        `() => {
          if (calls++ > 0) process.exit(1)
          console.error('JavaScript heap out of memory, says the first')
          return { out: '' }
        }`,
        { before: 'let calls = 0' },
      )
      const [, second] = await settle(pool, shop.work(code, { items: items(2) }))
      expect(second).toMatchObject({
        error: { code: 'STEP_CRASHED', message: 'the process that ran step exited with code 1' },
      })
    })
  })

  describe('that starts processes', () => {
    const starting = (how: string, then: string, asked: Partial<Work> = {}) => {
      const code = shop.code(`() => { note('started', String(spawn('sleep', ['600'], ${how}).pid)); ${then} }`, {
        before: `import { spawn } from 'node:child_process'`,
      })
      return only(pool, shop.work(code, asked))
    }
    const started = async () => Number((await shop.written('started'))[0])

    it.each([
      ['it times out', 'while (true);', 'TIMED_OUT'],
      ['it crashes', 'process.exit(1)', 'STEP_CRASHED'],
    ])('leaves none of them behind if %s', async (_, then, code) => {
      const ending = starting('{ stdio: "inherit" }', then, { timeoutMs: 2_000 })
      await expect(ending).rejects.toMatchObject({ code })
      await gone(await started())
    })

    it('does not wait for a process that is detached', async () => {
      const ending = starting('{ stdio: "inherit", detached: true }', 'console.error("leaving"); process.exit(1)')
      try {
        await expect(ending).rejects.toMatchObject({
          message: 'the process that ran step exited with code 1: leaving',
        })
      } finally {
        process.kill(await started(), 'SIGKILL')
      }
    })
  })

  describe('that prints', () => {
    it('has its output reported line by line while it runs', async () => {
      const printing = out(
        `async () => {
          console.log('one')
          console.error('two')
          await written('go')
          process.stdout.write('three\\r\\nfour\\n\\n')
          return { out: '' }
        }`,
      )
      await vi.waitUntil(() => shop.printed.length === 2, DEADLINE_MS)
      shop.write('go', '')
      await printing
      const lines = (stream: 'stdout' | 'stderr', ...all: string[]) => all.map((line) => ({ index: 0, stream, line }))
      expect(shop.printed.filter(({ stream }) => stream === 'stdout')).toEqual(
        lines('stdout', 'one', 'three', 'four', ''),
      )
      expect(shop.printed.filter(({ stream }) => stream === 'stderr')).toEqual(lines('stderr', 'two'))
    })

    it('has its output kept apart from that of the next body, even after an unfinished line', async () => {
      const code = shop.code(
        '(_, { n }) => { process.stdout.write("some of " + n + "\\nrest of " + n); return { out: "" } }',
      )
      const received: string[] = []
      for (let n = 0; n < 20; n++)
        await only(pool, shop.work(code, { params: { n }, print: ({ line }) => void received.push(`${n}: ${line}`) }))
      expect(received).toEqual(
        Array.from({ length: 20 }, (_, n) => [`${n}: some of ${n}`, `${n}: rest of ${n}`]).flat(),
      )
    })

    it('has secrets masked in its output, even single lines of one', async () => {
      Object.assign(shop.secrets, { TOKEN: 'a-b-c', KEY: '-----BEGIN-----\nMIIEvQIBADAN\n-----END-----' })
      const run =
        '({}, {}, { secrets: { TOKEN, KEY } }) => { console.log("with", TOKEN, "\\n" + KEY); return { out: "" } }'
      await out(run, { secrets: ['TOKEN', 'KEY'] })
      expect(shop.printed.map(({ line }) => line.trim())).toEqual(['with ***', '***', '***', '***'])
    })
  })
})
