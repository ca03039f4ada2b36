import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { directStore } from '@cairn/engine/simulation/direct-store'
import { noteAnnounced, setChampion, rollBack, currentChampion } from './champion.ts'
import { channels, encodeRecord, layout, type Champion, type CairnEvent } from '@cairn/records'

const at = layout('local', 'small')

describe('the champion', () => {
  let store: ReturnType<typeof directStore>
  beforeEach(() => (store = directStore(new Map())))
  const promoted = async (run: string): Promise<Champion> =>
    setChampion(store, at, await currentChampion(store, at), { run, since: 0, by: 'ann' })

  const back = async (who: { by: string; since: number }): Promise<Champion> =>
    rollBack(store, at, await currentChampion(store, at), who)

  it('is a run with its predecessors, for rollbacks step by step', async () => {
    for (const run of ['one', 'two', 'three']) await promoted(run)
    expect((await currentChampion(store, at)).champion).toMatchObject({ run: 'three', previous: { run: 'two' } })
    expect(await back({ by: 'bob', since: 1 })).toEqual({
      v: 1,
      run: 'two',
      by: 'bob',
      since: 1,
      replaced: 'three',
      previous: { v: 1, run: 'one', since: 0, by: 'ann' },
    })
    await back({ by: 'bob', since: 2 })
    await expect(back({ by: 'bob', since: 3 })).rejects.toThrow('small has no previous production run')
  })

  it('is changed by one of two concurrent promotions', async () => {
    await promoted('one')
    const current = await currentChampion(store, at)
    await setChampion(store, at, current, { run: 'two', since: 0, by: 'ann' })
    await expect(setChampion(store, at, current, { run: 'three', since: 0, by: 'bob' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'two became the production run in the meantime',
    })
    const none = { champion: undefined, bytes: undefined }
    await expect(setChampion(store, at, none, { run: 'four', since: 0, by: 'bob' })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
  })

  it('is never a run that a collection is removing, and stays what it was', async () => {
    const collected = { v: 1, host: 'control', removing: ['old', 'older'] }
    await store.create(at.collected, encodeRecord(collected, at.collected))
    await expect(promoted('old')).rejects.toMatchObject({ code: 'CONFLICT', message: 'a collection is removing old' })
    expect(await currentChampion(store, at)).toEqual({ champion: undefined, bytes: undefined })
    await promoted('one')
    const before = await currentChampion(store, at)
    await expect(promoted('older')).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await currentChampion(store, at)).toEqual(before)
  })

  it('is replaced even if its announcement was noted meanwhile', async () => {
    await promoted('one')
    const current = await currentChampion(store, at)
    await noteAnnounced(store, at, current)
    const next = await setChampion(store, at, current, { run: 'two', since: 1, by: 'ann' })
    expect(next).toMatchObject({ run: 'two', replaced: 'one', previous: { run: 'one' } })
    const two = await currentChampion(store, at)
    await noteAnnounced(store, at, two)
    expect(await rollBack(store, at, two, { by: 'bob', since: 2 })).toMatchObject({ run: 'one', replaced: 'two' })
  })

  it('is published once it is set, with the replaced run', async () => {
    const told: string[] = []
    const receive = ({ id, data }: CairnEvent) => void told.push(`${id} for ${data.previous}`)
    channels.promotion.subscribe(receive)
    onTestFinished(() => channels.promotion.unsubscribe(receive))
    await promoted('one')
    const none = { champion: undefined, bytes: undefined }
    await expect(setChampion(store, at, none, { run: 'two', since: 0, by: 'bob' })).rejects.toThrow('in the meantime')
    await promoted('two')
    await back({ by: 'bob', since: 1 })
    expect(told).toEqual(['one/promoted/0 for undefined', 'two/promoted/0 for one', 'one/promoted/1 for two'])
  })

  it('records that it was announced', async () => {
    await promoted('one')
    const one = await currentChampion(store, at)
    await noteAnnounced(store, at, one)
    expect((await currentChampion(store, at)).champion).toMatchObject({ run: 'one', announced: true })
    await promoted('two')
    await noteAnnounced(store, at, one)
    const { champion } = await currentChampion(store, at)
    expect(champion).toEqual({
      v: 1,
      run: 'two',
      since: 0,
      by: 'ann',
      replaced: 'one',
      previous: { v: 1, run: 'one', since: 0, by: 'ann' },
    })
  })

  it('keeps ten predecessors', async () => {
    for (let run = 0; run < 20; run++) await promoted(`run-${run}`)
    let depth = 0
    for (let entry = (await currentChampion(store, at)).champion?.previous; entry; entry = entry.previous) depth++
    expect(depth).toBe(10)
  })
})
