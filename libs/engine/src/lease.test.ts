import { beforeEach, describe, expect, it } from 'vitest'
import { directStore } from '../simulation/direct-store.ts'
import { World } from '../simulation/world.ts'
import { Leases, type LeaseHolder } from './lease.ts'

const PATH = 'local/p/leases/key'
const never = async () => false

describe('a lease', () => {
  let world: World
  let files: Map<string, Uint8Array>
  let signal: AbortSignal
  beforeEach(() => {
    world = new World(1, 0)
    files = new Map()
    signal = new AbortController().signal
  })

  const holder = (name: string, more: Partial<LeaseHolder> = {}): LeaseHolder => ({
    name,
    clock: world.clock,
    store: directStore(files),
    ...more,
  })
  const leases = (name: string, more: Partial<LeaseHolder> = {}) => new Leases(holder(name, more))
  const holderNow = (path = PATH) => {
    const record = files.get(path)
    return record && (JSON.parse(Buffer.from(record).toString()) as { holder: string }).holder
  }
  const take = async (name: string) => {
    const taken = leases(name)
    await taken.acquire(PATH, never, signal)
    return taken
  }

  /** Lets time pass. */
  const pass = async (ms: number) => {
    await new Promise(setImmediate) // what was begun comes to where it waits
    let over = false
    world.after(ms, () => (over = true))
    while (!over) await world.step()
  }
  /** Lets as much time pass as something takes; says how much. */
  const during = async <Result>(waiting: Promise<Result>) => {
    const from = world.now
    let settled = false
    const settling = waiting.finally(() => (settled = true)).catch(() => {})
    for (let more = true; more; more = !settled && (await world.step())) await new Promise(setImmediate)
    await settling
    return { result: await waiting, ms: world.now - from }
  }

  it('is taken at once if it is free, and free again once it is released', async () => {
    const one = leases('one')
    expect(await one.acquire(PATH, never, signal)).toBe(true)
    expect(holderNow()).toBe('one')
    await one.release(PATH)
    expect(files.size).toBe(0)
    await pass(60_000)
    expect(files.size).toBe(0)
    expect(await leases('two').acquire(PATH, never, signal)).toBe(true)
  })

  it('is waited for as long as its holder renews it, and taken once it is released', async () => {
    const one = await take('one')
    let taken = false
    const waiting = leases('two')
      .acquire(PATH, never, signal)
      .then((mine) => (taken = mine))
    await pass(600_000)
    expect(taken).toBe(false)
    expect(holderNow()).toBe('one')
    await one.release(PATH)
    expect((await during(waiting)).ms).toBeLessThan(5_000)
    expect([taken, holderNow()]).toEqual([true, 'two'])
  })

  it('is also renewed after it is taken again', async () => {
    const one = await take('one')
    await one.release(PATH)
    await pass(60_000)
    await one.acquire(PATH, never, signal)
    void leases('two').acquire(PATH, never, signal)
    await pass(60_000)
    expect(holderNow()).toBe('one')
  })

  it('is taken over at once from a dead holder', async () => {
    const gone = await take('gone')
    gone.stop()
    const isGone = (name: string) => name === 'gone'
    expect(await during(leases('two', { isGone }).acquire(PATH, never, signal))).toEqual({ result: true, ms: 0 })
    expect(holderNow()).toBe('two')
  })

  it('is taken over from a holder that does not renew it, by the monotonic clock of the waiting process', async () => {
    const silent = await take('silent')
    silent.stop()
    const clock = { ...world.clock, now: () => 9e12 }
    const { ms } = await during(leases('two', { clock }).acquire(PATH, never, signal))
    expect(ms).toBeGreaterThan(15_000)
    expect(ms).toBeLessThan(20_000)
    expect(holderNow()).toBe('two')
  })

  it('goes to exactly one of many that take it over at once', async () => {
    const gone = await take('gone')
    gone.stop()
    const taken: string[] = []
    for (const name of ['a', 'b', 'c', 'd'])
      void leases(name, { isGone: (name) => name === 'gone' })
        .acquire(PATH, never, signal)
        .then(() => taken.push(name))
    await pass(60_000)
    expect(taken).toEqual([holderNow()])
  })

  it('is not waited for once the result exists', async () => {
    await take('one')
    let come = false
    const waiting = leases('two').acquire(PATH, async () => come, signal)
    await pass(2_000)
    come = true
    expect(await during(waiting)).toMatchObject({ result: false })
    expect(holderNow()).toBe('one')
  })

  it('is not waited for once the run is cancelled', async () => {
    await take('one')
    const cancel = new AbortController()
    const waiting = leases('two').acquire(PATH, never, cancel.signal)
    await pass(2_000)
    cancel.abort(new Error('cancelled'))
    await expect(waiting).rejects.toThrow('cancelled')
    expect(holderNow()).toBe('one')
  })

  it.each(['not a lease', '{"v":99,"holder":"from the future","beat":0}', ''])(
    'is taken over if its record is %j',
    async (text) => {
      files.set(PATH, Buffer.from(text))
      expect(await during(leases('one').acquire(PATH, never, signal))).toEqual({ result: true, ms: 0 })
      expect(holderNow()).toBe('one')
    },
  )

  it('is held by its taker even if the response was lost', async () => {
    const store = directStore(files)
    const create: typeof store.create = async (...given) => {
      await store.create(...given)
      throw new Error('the answer was lost')
    }
    const isFirst = { store: { ...store, create } }
    const one = leases('one', isFirst)
    await expect(one.acquire(PATH, never, signal)).rejects.toThrow('the answer was lost')
    isFirst.store.create = store.create
    expect(await during(one.acquire(PATH, never, signal))).toEqual({ result: true, ms: 0 })
  })

  it('is kept, and released, even if the response to a renewal was lost', async () => {
    let lose = 1
    const store = directStore(files)
    const replace: typeof store.replace = async (...given) => {
      const replaced = await store.replace(...given)
      if (lose-- > 0) throw new Error('the answer was lost')
      return replaced
    }
    const one = leases('one', { store: { ...store, replace } })
    await one.acquire(PATH, never, signal)
    let taken = false
    void leases('two')
      .acquire(PATH, never, signal)
      .then((mine) => (taken = mine))
    await pass(60_000)
    expect([lose < 0, taken, holderNow()]).toEqual([true, false, 'one'])
    await one.release(PATH)
    await pass(1_000)
    expect(taken).toBe(true)
  })

  it('is renewed even while the store refuses to renew another', async () => {
    const store = directStore(files)
    const replace: typeof store.replace = async (path, ...given) => {
      if (path === 'broken') throw new Error('no space left')
      return store.replace(path, ...given)
    }
    const one = leases('one', { store: { ...store, replace } })
    await one.acquire('broken', never, signal)
    await one.acquire(PATH, never, signal)
    void leases('two').acquire(PATH, never, signal)
    await pass(60_000)
    expect(holderNow()).toBe('one')
  })

  it('stays with the process that took it over from a frozen holder', async () => {
    let sleeps = 0
    const thaw = Promise.withResolvers<void>()
    const sleep: typeof world.clock.sleep = (...given) => (sleeps++ === 0 ? thaw.promise : world.clock.sleep(...given))
    const clock = { ...world.clock, sleep }
    const zombie = leases('zombie', { clock })
    await zombie.acquire(PATH, never, signal)
    await during(leases('two').acquire(PATH, never, signal))
    thaw.resolve()
    await pass(100)
    await zombie.release(PATH)
    expect(holderNow()).toBe('two')
  })

  it('expires when its holder stops', async () => {
    const one = await take('one')
    await pass(60_000)
    one.stop()
    const { result, ms } = await during(leases('two').acquire(PATH, never, signal))
    expect(result).toBe(true)
    expect(ms).toBeLessThan(20_000)
  })
})
