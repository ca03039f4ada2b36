import { hash } from 'node:crypto'
import { appendFileSync, existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import type { Compute, Work } from '@cairn/records'
import { items, only, settle, Workshop } from './compute.fixture.ts'
import type { ComputeOptions } from './options.ts'

/** Tests that every compute driver must pass. */
export function computeSuite(name: string, open: (options: ComputeOptions) => Compute & { close?(): void }): void {
  describe(`a body that runs in ${name}`, () => {
    let shop: Workshop
    let compute: ReturnType<typeof open>
    beforeEach(() => {
      shop = new Workshop()
      compute = open(shop.options)
    })
    afterEach(async () => {
      compute.close?.()
      await shop.remove()
    })
    const out = (run: string, asked: Partial<Work> = {}, signal?: AbortSignal) =>
      only(compute, shop.work(shop.code(run), asked), signal)

    it('returns its outputs as artifacts: small, large, files, and lists by item', async () => {
      const code = shop.code(
        `(_, { times }, { scratch }) => {
           writeFileSync(scratch + '/made', 'from a file '.repeat(times))
           return { small: 'a few bytes', large: 'many bytes '.repeat(times), path: scratch + '/made', items: ['a', 'b'] }
         }`,
        {
          before: `import { copyFileSync, writeFileSync } from 'node:fs'
            const file = { ...text, encode: (path, to) => {
              const taken = to.file()
              copyFileSync(path, taken)
              return { file: taken }
            } }
            const bytesOf = (letter) => ({ bytes: Buffer.from(letter.repeat(5000)) })
            const list = { ...text, encode: (letters) => ({ items: letters.map(bytesOf) }) }`,
          outputs: '{ small: text, large: text, path: file, items: list }',
        },
      )
      const [item] = await settle(compute, shop.work(code, { params: { times: 1_000 } }))
      expect(item).toEqual({
        outputs: {
          small: 'a few bytes',
          large: 'many bytes '.repeat(1_000),
          path: 'from a file '.repeat(1_000),
          items: ['a'.repeat(5_000), 'b'.repeat(5_000)],
        },
      })
    })

    it('reads its inputs, from their records or from the store', async () => {
      const large = 'from the store '.repeat(1_000)
      const opened: string[] = []
      const inputs = { small: refOf('from the record', true), large: refOf(large) }
      const code = shop.code('({ small, large }) => ({ out: small + ", " + large })', {
        inputs: '{ small: text, large: text }',
      })
      const open = async ({ digest }: ArtifactRef) => {
        opened.push(digest)
        return shop.write('object', large)
      }
      const work = shop.work(code, { items: [{ ...items(1)[0]!, inputs }], open })
      expect(await only(compute, work)).toBe(`from the record, ${large}`)
      expect(opened).toEqual([inputs.large.digest])
    })

    it('does not run if an input is missing from the store or has the wrong bytes', async () => {
      const code = shop.code('({ a }) => (note("ran"), { out: a })', { inputs: '{ a: text }' })
      const wanted = (open: Work['open'], text: string) =>
        only(compute, shop.work(code, { items: [{ ...items(1)[0]!, inputs: { a: refOf(text) } }], open }))
      const gone = new CairnError('NOT_FOUND', 'object abc is not in the store', { next: 'cairn doctor' })
      await expect(wanted(() => Promise.reject(gone), 'gone')).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'input "a" of step: object abc is not in the store',
        next: 'cairn doctor',
      })
      const flipped = wanted(async () => shop.write('object', 'flapped'), 'flipped')
      await expect(flipped).rejects.toMatchObject({ code: 'CORRUPT' })
      expect(shop.lines('ran')).toEqual([])
    })

    it('runs the version that its fingerprint names when several versions are loaded', async () => {
      const codes = ['one', 'two', 'three'].map((word) => shop.code(`() => ({ out: '${word}' })`))
      const said: string[] = []
      for (const code of [...codes, ...codes.toReversed()]) said.push(await only(compute, shop.work(code)))
      expect(said).toEqual(['one', 'two', 'three', 'three', 'two', 'one'])
    })

    it('is refused if the stored code differs from the plan', async () => {
      const code = shop.code('() => ({ out: "as planned" })')
      appendFileSync(code.path, '\nexport const more = 1')
      await expect(only(compute, shop.work(code))).rejects.toMatchObject({
        code: 'CORRUPT',
        message: `the stored code ${code.fingerprint} differs from the code that the run was planned with`,
      })
    })

    it('reports the error that it throws, with its name and location', async () => {
      const failing = out(`function faulty() { throw new TypeError('no such column') }`)
      await expect(failing).rejects.toMatchObject({
        code: 'STEP_FAILED',
        name: 'TypeError',
        message: 'no such column',
        stack: expect.stringContaining('faulty'),
      })
      await expect(out('async () => { throw "a word" }')).rejects.toMatchObject({ message: 'a word' })
    })

    it('fails if it returns an undeclared output', async () => {
      await expect(out('() => ({ uot: "x" })')).rejects.toMatchObject({
        code: 'BAD_OUTPUT',
        message: 'step returned "uot", which it does not declare',
        next: 'did you mean "out"?',
      })
    })

    it('fails alone: the other items return their results', async () => {
      const code = shop.code('({ n }) => { if (n === "1") throw new Error("not this one"); return { out: n + "!" } }', {
        inputs: '{ n: text }',
      })
      const three = items(3).map((item) => ({ ...item, inputs: { n: refOf(String(item.index), true) } }))
      expect(await settle(compute, shop.work(code, { items: three }))).toEqual([
        { outputs: { out: '0!' } },
        { error: expect.objectContaining({ message: 'not this one' }) },
        { outputs: { out: '2!' } },
      ])
    })

    it('gets the same random numbers for the same key, and different ones for another key', async () => {
      const code = shop.code('(_, __, { random }) => ({ out: random() + " " + random() })')
      const [first, second] = await settle(compute, shop.work(code, { items: items(2) }))
      expect(await settle(compute, shop.work(code))).toEqual([first])
      expect(second).not.toEqual(first)
    })

    it('can be replaced by its fallback, which receives the error', async () => {
      const code = shop.code('() => { throw new Error("no") }')
      const fallback = shop.code('null', {
        outputs: '{}',
        after: 'export const fallback = (e) => ({ out: e.name + ": " + e.message })',
      })
      const error = { code: 'STEP_FAILED', name: 'RangeError', message: 'too far' } as const
      const work = shop.work(code, { fallback, items: [{ ...items(1)[0]!, error }] })
      expect(await only(compute, work)).toBe('RangeError: too far')
    })

    it('uses UTC for dates', async () => {
      expect(await out('() => ({ out: new Date(2024, 6, 1).toISOString() })')).toBe('2024-07-01T00:00:00.000Z')
    })

    it('has its own empty scratch folder, which is removed afterwards', async () => {
      const code = shop.code(
        `(_, __, { scratch }) => {
           const found = readdirSync(scratch).length
           writeFileSync(scratch + '/file', 'left behind')
           return { out: found + ' ' + scratch }
         }`,
        { before: `import { readdirSync, writeFileSync } from 'node:fs'` },
      )
      const settled = await settle(compute, shop.work(code, { items: items(3) }))
      const said = settled.map((item) => ('outputs' in item ? (item.outputs['out'] as string) : item.error.message))
      expect(said.map((text) => text.split(' ')[0])).toEqual(['0', '0', '0'])
      expect(new Set(said).size).toBe(3)
      expect(shop.leftInScratch()).toEqual([])
    })

    describe('with a timeout', () => {
      const TIMED_OUT = { code: 'TIMED_OUT', message: 'step exceeded its timeout of 0.1 s' }
      const WAITS: Readonly<Record<string, string>> = {
        'reacts to its signal': `(_, __, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))`,
        'reacts to its signal with an error of its own': `(_, __, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))`,
        'ignores its signal': '() => new Promise(() => setInterval(() => {}, 1000))',
      }

      it.each(Object.entries(WAITS))('is stopped at its timeout if it %s, and the next work runs', async (_, body) => {
        await expect(out(body, { timeoutMs: 100 })).rejects.toMatchObject(TIMED_OUT)
        expect(await out('() => ({ out: "next" })')).toBe('next')
      })

      it('times out alone: the later items run', async () => {
        const body = `({ n }, __, { signal }) => n === '1' ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) : { out: n }`
        const code = shop.code(body, { inputs: '{ n: text }' })
        const four = items(4).map((item) => ({ ...item, inputs: { n: refOf(String(item.index), true) } }))
        expect(await settle(compute, shop.work(code, { items: four, timeoutMs: 3_000 }))).toEqual([
          { outputs: { out: '0' } },
          { error: expect.objectContaining({ code: 'TIMED_OUT' }) },
          { outputs: { out: '2' } },
          { outputs: { out: '3' } },
        ])
      })
    })

    describe('when its run is cancelled', () => {
      const reason = new CairnError('CANCELLED', 'run run-1 was cancelled')
      const CANCELLED = { code: 'CANCELLED', message: 'run run-1 was cancelled' }

      it('does not start if it was still waiting', async () => {
        const code = shop.code('() => (note("began"), { out: "x" })')
        const settled = await settle(compute, shop.work(code, { items: items(2) }), AbortSignal.abort(reason))
        expect(settled).toEqual([
          { error: expect.objectContaining(CANCELLED) },
          { error: expect.objectContaining(CANCELLED) },
        ])
        expect(shop.lines('began')).toEqual([])
      })

      it.each([
        ['reacts to its signal', `signal.addEventListener('abort', () => reject(signal.reason))`],
        [
          'reacts to its signal with an error of its own',
          `signal.addEventListener('abort', () => reject(new Error('stopped')))`,
        ],
        ['ignores its signal', 'setInterval(() => {}, 1000)'],
      ])('is stopped, with the later items, if it %s', async (_, wait) => {
        const cancel = new AbortController()
        const code = shop.code(`(_, __, { signal }) => (note('began'), new Promise((_, reject) => ${wait}))`)
        const settling = settle(compute, shop.work(code, { items: items(2) }), cancel.signal)
        await shop.written('began')
        cancel.abort(reason)
        const settled = await settling
        expect(settled).toEqual([
          { error: expect.objectContaining(CANCELLED) },
          { error: expect.objectContaining(CANCELLED) },
        ])
        expect(shop.lines('began')).toHaveLength(1)
      })
    })

    describe('with secrets', () => {
      it('gets those that its step declares', async () => {
        Object.assign(shop.secrets, { TOKEN: 'a-b-c', OTHER: 'd-e-f' })
        const body = `(_, __, { secrets }) => ({ out: Object.keys(secrets) + ' ' + secrets.TOKEN.split('-').reverse() })`
        expect(await out(body, { secrets: ['TOKEN'] })).toBe('TOKEN c,b,a')
      })

      it.each([undefined, ''])('does not run if one is %j', async (value) => {
        if (value !== undefined) shop.secrets['TOKEN'] = value
        const code = shop.code('() => (note("began"), { out: "x" })')
        const settled = await settle(compute, shop.work(code, { secrets: ['TOKEN'], items: items(2) }))
        const missing = {
          code: 'MISSING_SECRET',
          message: 'step needs the secret TOKEN, which is not set',
          next: 'set CAIRN_SECRET_TOKEN in the environment, or TOKEN in .cairn/secrets.json',
        }
        expect(settled).toEqual([
          { error: expect.objectContaining(missing) },
          { error: expect.objectContaining(missing) },
        ])
        expect(existsSync(shop.path('began'))).toBe(false)
      })

      it('has them masked in its errors', async () => {
        Object.assign(shop.secrets, { SHORT: 'hunter', LONG: 'hunter-and-gatherer' })
        const body = `(_, __, { secrets }) => { throw new Error('https://me:' + secrets.LONG + '@host and ' + secrets.SHORT) }`
        const error = await out(body, { secrets: ['SHORT', 'LONG'] }).catch((error: unknown) => error)
        expect(error).toMatchObject({ message: 'https://me:***@host and ***' })
        expect(JSON.stringify(error)).not.toMatch(/hunter|gatherer/)
      })
    })
  })
}

function refOf(text: string, inline = false): ArtifactRef {
  return { digest: hash('sha256', text), size: text.length, ...(inline && { text }) }
}
