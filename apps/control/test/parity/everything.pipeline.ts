import { each, pipeline, when } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
import {
  add,
  careful,
  flaky,
  fresh,
  hungry,
  isEven,
  load,
  make,
  poll,
  range,
  read,
  score,
  slow,
  sum,
  trusted,
} from './steps.ts'

const inputs = { n: json<number>() }

const joins = pipeline('joins', { inputs }, ({ n }) => {
  const left = add({ a: n, b: n }, { more: 1 }, { as: 'left' })
  const right = add({ a: n, b: n }, { more: 2 }, { as: 'right' })
  const same = add({ a: n, b: n }, { more: 2 }, { as: 'same-as-right' })
  const both = add({ a: left.n, b: right.n }, {}, { as: 'both' })
  return add({ a: both.n, b: same.n }, {}, { as: 'all' })
})

const maps = pipeline('maps', { inputs }, ({ n }) => {
  const numbers = range({ from: n }, { length: 10 }, { as: 'numbers' })
  const plain = each(numbers.items, (item) => score({ n: item }, {}, { as: 'plain' }), { batch: 3, as: 'each-plain' })
  const nested = each(
    range({ from: n }, { length: 4 }, { as: 'outer' }).items,
    (item) => {
      const inner = range({ from: item }, { length: 3 }, { as: 'inner' })
      const { n: sums } = each(inner.items, (one) => add({ a: one, b: item }, {}, { as: 'innermost' }), {
        batch: 2,
        as: 'each-inner',
      })
      return sum({ items: sums }, {}, { as: 'sum-inner' })
    },
    { batch: 3, as: 'each-outer' },
  )
  const empty = each(
    range({ from: n }, { length: 0 }, { as: 'nothing' }).items,
    (item) => score({ n: item }, {}, { as: 'of-nothing' }),
    {
      as: 'each-of-nothing',
    },
  )
  const large = each(
    range({ from: n }, { length: 300 }, { as: 'many' }).items,
    (item) => score({ n: item }, {}, { as: 'large' }),
    {
      batch: 50,
      as: 'each-large',
    },
  )
  const tolerated = each(numbers.items, (item) => score({ n: item }, { wrong: 'every third' }, { as: 'tolerated' }), {
    batch: 4,
    tolerate: { items: 4 },
    as: 'each-tolerated',
  })
  const refused = each(numbers.items, (item) => score({ n: item }, { wrong: 'every third' }, { as: 'refused' }), {
    batch: 4,
    tolerate: { share: 0.1 },
    as: 'each-refused',
  })
  return {
    plain: sum({ items: plain.n }, {}, { as: 'sum-plain' }).n,
    nested: sum({ items: nested.n }, {}, { as: 'sum-nested' }).n,
    empty: sum({ items: empty.n }, {}, { as: 'sum-empty' }).n,
    large: sum({ items: large.n }, {}, { as: 'sum-large' }).n,
    tolerated: sum({ items: tolerated.n }, {}, { as: 'sum-tolerated' }).n,
    refused: sum({ items: refused.n }, {}, { as: 'sum-refused' }).n,
  }
})

const branches = pipeline('branches', { inputs, params: z.object({ left: z.boolean() }) }, ({ n, left }) => {
  const { even } = isEven({ n }, {}, { as: 'even' })
  const found = when(
    even,
    () => add({ a: n, b: n }, {}, { as: 'if-even' }),
    () => score({ n }, {}, { as: 'if-odd' }),
    { as: 'parity' },
  )
  const told = when(
    left,
    () => add({ a: n, b: n }, { more: 5 }, { as: 'to-the-left' }),
    () => ({ n }),
    { as: 'side' },
  )
  const failed = score({ n }, { wrong: 'throws' }, { as: 'no-condition' })
  const unknown = isEven({ n: failed.n }, {}, { as: 'unknown' })
  const never = when(
    unknown.even,
    () => add({ a: n, b: n }, {}, { as: 'blocked' }),
    () => ({ n }),
    { as: 'when-unknown' },
  )
  const items = each(
    range({ from: n }, { length: 4 }, { as: 'mixed' }).items,
    (item) =>
      when(
        isEven({ n: item }, {}, { as: 'item-even' }).even,
        () => score({ n: item }, {}, { as: 'item-scored' }),
        () => ({ n: item }),
        {
          as: 'item-parity',
        },
      ),
    { batch: 3, as: 'each-mixed' },
  )
  return {
    found: add({ a: found.n, b: told.n }, {}, { as: 'after' }).n,
    mixed: sum({ items: items.n }, {}, { as: 'sum-mixed' }).n,
    never: add({ a: never.n, b: n }, {}, { as: 'after-unknown' }).n,
  }
})

const policies = pipeline('policies', { inputs, params: z.object({ tries: z.string() }) }, ({ n, tries }) => {
  const tried = flaky({ n }, { tries, until: 3 }, { as: 'third-time' })
  return {
    tried: add({ a: tried.n, b: n }, {}, { as: 'after-retries' }).n,
    caught: add({ a: careful({ n }, {}, { as: 'caught' }).n, b: n }, {}, { as: 'after-catch' }).n,
    fine: careful({ n }, { fails: false }, { as: 'nothing-to-catch' }).n,
    quick: slow({ n }, { how: 'at once' }, { as: 'in-time' }).n,
    modest: hungry({ n }, { eats: false }, { as: 'modest' }).n,
    secret: trusted({ n }, {}, { as: 'trusted' }).n,
    polled: poll({}).n,
  }
})

const failures = pipeline('failures', { inputs }, ({ n }) => {
  const behind = score({ n }, { wrong: 'throws' }, { as: 'throws' })
  return {
    blocked: add({ a: behind.n, b: n }, {}, { as: 'behind' }).n,
    exits: score({ n }, { wrong: 'exits' }, { as: 'exits' }).n,
    other: score({ n }, { wrong: 'other output' }, { as: 'other-output' }).n,
    nan: score({ n }, { wrong: 'NaN' }, { as: 'nan' }).n,
    tooOften: flaky({ n }, { tries: '/dev/null', until: 9 }, { as: 'too-often' }).n,
    otherError: flaky({ n }, { tries: '/dev/null', until: 9, error: 'Other' }, { as: 'other-error' }).n,
    sleeps: slow({ n }, { how: 'sleeps' }, { as: 'sleeps' }).n,
    spins: slow({ n }, { how: 'spins' }, { as: 'spins' }).n,
    eats: hungry({ n }, { eats: true }, { as: 'eats' }).n,
    catchFails: careful({ n }, { failsAgain: true }, { as: 'catch-fails' }).n,
    tells: trusted({ n }, { tells: true }, { as: 'tells' }).n,
  }
})

const params = z.object({
  more: z.number().default(0),
  left: z.boolean().default(true),
  /** A file that counts tries. */
  tries: z.string(),
  /** A file that is written when a step begins which then waits to be cancelled; none: it does not wait. */
  holds: z.string().default(''),
})

/** Each feature, at work in one pipeline. */
export const everything = pipeline('everything', { params }, ({ more, left, tries, holds }) => {
  const { flights, count } = load({})
  const { n } = add({ a: count, b: count }, { more }, { as: 'start' })
  return {
    joined: joins({ n }).n,
    mapped: maps({ n }).plain,
    branched: branches({ n }, { left }).found,
    tried: policies({ n }, { tries }).tried,
    kinds: read(make({ flights })).n,
    failed: failures({ n }).blocked,
    held: add({ a: fresh({ n }, { holds }).n, b: n }, {}, { as: 'after-fresh' }).n,
  }
})
