// Few steps, used at many places: each has a process of its own when the pipeline runs on services.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fromFile } from '@cairn/connectors'
import { list, source, step } from '@cairn/kernel'
import { bytes, file, json, metrics, model, partitions, table } from '@cairn/kinds'
import { z } from 'zod'

const Int = json<number>()
const Flights = table({ origin: 'string', delay: 'int32' })
const Doubler = model({ inputs: { features: 'float32[*,1]' }, outputs: { doubled: 'float32[*,1]' } })
const DOUBLER =
  'CAgSCmNhaXJuLXRlc3QaAzEuMDppCiIKCGZlYXR1cmVzCghmZWF0dXJlcxIHZG91YmxlZCIDQWRkEgR0ZXN0Wh4KCGZlYXR1cmVzEhIKEAgBEgwKBhIEcm93cwoCCAFiHQoHZG91YmxlZBISChAIARIMCgYSBHJvd3MKAggBQgIQEQ=='

/** A source with a version that changes with the file. */
export const load = source('load', {
  reads: { file: fromFile('flights.csv') },
  outputs: { flights: Flights, count: Int },
  async run({ file }) {
    const [, ...lines] = (await readFile(file.path, 'utf8')).trim().split('\n')
    const flights = lines
      .map((line) => line.split(','))
      .map(([origin, delay]) => ({ origin: origin!, delay: Number(delay) }))
    return { flights, count: flights.length }
  },
})

/** A source without a version, whose result grows old at once. */
export const poll = source('poll', {
  reads: { feed: { name: 'a feed', open: () => 7 } },
  outputs: { n: Int },
  cache: { maxAge: 1 },
  run: ({ feed }) => ({ n: feed }),
})

export const add = step('add', {
  inputs: { a: Int, b: Int },
  params: z.object({ more: z.number().default(0) }),
  outputs: { n: Int },
  run: ({ a, b }, { more }) => ({ n: a + b + more }),
})

export const range = step('range', {
  inputs: { from: Int },
  params: z.object({ length: z.number() }),
  outputs: { items: list(Int) },
  run: ({ from }, { length }) => ({ items: Array.from({ length }, (_, index) => from + index) }),
})

export const sum = step('sum', {
  inputs: { items: list(Int) },
  outputs: { n: Int },
  async run({ items }) {
    let n = 0
    for await (const item of items) n += item
    return { n }
  },
})

export const isEven = step('is-even', {
  inputs: { n: Int },
  outputs: { even: json<boolean>() },
  run: ({ n }) => ({ even: n % 2 === 0 }),
})

/** Goes wrong in one way or another, or not. */
export const score = step('score', {
  inputs: { n: Int },
  params: z.object({
    wrong: z.enum(['never', 'every third', 'throws', 'exits', 'other output', 'NaN']).default('never'),
  }),
  outputs: { n: Int },
  acknowledge: ['processes'],
  run({ n }, { wrong }) {
    if (wrong === 'throws' || (wrong === 'every third' && n % 3 === 0)) throw new RangeError(`no score for ${n}`)
    if (wrong === 'exits') process.exit(7)
    if (wrong === 'other output') return { m: n } as never
    return { n: wrong === 'NaN' ? NaN : n * n }
  },
})

/** One output of each kind. */
export const make = step('make', {
  inputs: { flights: Flights },
  outputs: {
    note: json<{ readonly text: string }>(),
    quality: metrics({ mean: 'number', worst: 'integer?' }),
    rows: Flights,
    raw: bytes(),
    text: file('txt'),
    empty: file(),
    doubler: Doubler,
    byOrigin: partitions(Flights, 'origin'),
    blobs: list(bytes()),
    none: list(Int),
  },
  async run({ flights }, _, { random }) {
    const rows = await flights.toArray()
    const drawn = Uint8Array.from({ length: 100_000 }, () => Math.floor(random() * 256))
    return {
      note: { text: `drawn by lot, für ü: ${random()}` },
      quality: { mean: rows.reduce((total, { delay }) => total + delay, 0) / rows.length },
      rows: rows.toReversed(),
      raw: drawn,
      text: { text: 'line\n'.repeat(20_000) },
      empty: new Uint8Array(),
      doubler: Buffer.from(DOUBLER, 'base64'),
      byOrigin: flights,
      blobs: [drawn.subarray(0, 50_000), drawn.subarray(50_000), new Uint8Array()],
      none: [],
    }
  },
})

/** Reads all of it again. */
export const read = step('read', {
  inputs: {
    note: json<{ readonly text: string }>(),
    quality: metrics({ mean: 'number', worst: 'integer?' }),
    rows: Flights,
    raw: bytes(),
    text: file('txt'),
    empty: file(),
    doubler: Doubler,
    byOrigin: list(Flights),
    blobs: list(bytes()),
    none: list(Int),
  },
  outputs: { n: Int },
  async run({ note, quality, rows, raw, text, empty, doubler, byOrigin, blobs, none }) {
    const { doubled } = await doubler.predict({ features: [Float32Array.from([quality.mean])] })
    const counts = await Promise.all((await byOrigin.all()).map(async (part) => (await part.toArray()).length))
    const sizes = (await blobs.all()).map(({ length }) => length)
    const all = [note.text.length, quality.worst ?? 0, (await rows.toArray()).length, raw.length, text.size, empty.size]
    return { n: [...all, doubled[0]!, ...counts, ...sizes, none.length].reduce((total, next) => total + next, 0) }
  },
})

/** Fails until it has been tried so often, as a file tells. */
export const flaky = step('flaky', {
  inputs: { n: Int },
  params: z.object({ tries: z.string(), until: z.number(), error: z.string().default('Flaky') }),
  outputs: { n: Int },
  retry: { times: 2, backoff: '20ms', on: ['Flaky', 'ECONNRESET'] },
  acknowledge: ['files'],
  run({ n }, { tries, until, error }) {
    const tried = 1 + (existsSync(tries) ? Number(readFileSync(tries, 'utf8')) : 0)
    writeFileSync(tries, String(tried))
    if (tried < until) throw Object.assign(new Error(`try ${tried}`), { name: error })
    return { n: n + tried }
  },
})

/** Never ends by itself, unless it is told to. */
export const slow = step('slow', {
  inputs: { n: Int },
  params: z.object({ how: z.enum(['at once', 'sleeps', 'spins']) }),
  outputs: { n: Int },
  timeout: '400ms',
  async run({ n }, { how }) {
    while (how === 'spins');
    if (how === 'sleeps') await new Promise(() => setInterval(() => {}, 1000))
    return { n }
  },
})

export const hungry = step('hungry', {
  inputs: { n: Int },
  params: z.object({ eats: z.boolean() }),
  outputs: { n: Int },
  memory: '300MB',
  run({ n }, { eats }) {
    for (const held: Buffer[] = []; eats;) held.push(Buffer.alloc(1e7, 1))
    return { n }
  },
})

export const careful = step('careful', {
  inputs: { n: Int },
  params: z.object({ fails: z.boolean().default(true), failsAgain: z.boolean().default(false) }),
  outputs: { n: Int, why: json<string>() },
  catch(error) {
    if (error.message.endsWith('and again')) throw new Error('no way out')
    return { n: -1, why: `${error.name}: ${error.message}` }
  },
  run({ n }, { fails, failsAgain }) {
    if (fails) throw new TypeError(failsAgain ? 'once and again' : 'once')
    return { n, why: '' }
  },
})

/** Is computed each time; waits to be cancelled where that is wanted, once it has said that it has begun. */
export const fresh = step('fresh', {
  inputs: { n: Int },
  params: z.object({ holds: z.string() }),
  outputs: { n: Int },
  cache: 'never',
  acknowledge: ['files'],
  async run({ n }, { holds }, { signal }) {
    if (holds !== '') {
      writeFileSync(holds, '')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
    return { n }
  },
})

export const trusted = step('trusted', {
  inputs: { n: Int },
  params: z.object({ tells: z.boolean().default(false) }),
  outputs: { n: Int },
  secrets: ['TOKEN', 'OTHER'],
  run({ n }, { tells }, { secrets }) {
    console.log('the token is', secrets.TOKEN)
    if (tells) throw new Error(`refused: ${secrets.TOKEN}`)
    return { n: n + secrets.TOKEN.length + secrets.OTHER.length }
  },
})
