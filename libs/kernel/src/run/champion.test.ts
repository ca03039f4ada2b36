import { beforeEach, describe, expect, it } from 'vitest'
import { directStore } from '../../simulation/direct-store.ts'
import { asPrevious, crown, rollBack, standingChampion, type Champion } from './champion.ts'
import { layout } from './layout.ts'

const at = layout('local', 'small')

describe('what is in production', () => {
  let store: ReturnType<typeof directStore>
  beforeEach(() => (store = directStore(new Map())))
  const promote = async (run: string): Promise<Champion> => {
    const standing = await standingChampion(store, at)
    const previous = standing.champion && asPrevious(standing.champion)
    return crown(store, at, standing, { run, since: 0, by: 'ann', ...(previous && { previous }) })
  }

  it('is a run, with those before it, so that one can go back step by step', async () => {
    for (const run of ['one', 'two', 'three']) await promote(run)
    expect((await standingChampion(store, at)).champion).toMatchObject({ run: 'three', previous: { run: 'two' } })
    expect(await rollBack(store, at, { by: 'bob', since: 1 })).toEqual({
      v: 1,
      run: 'two',
      by: 'bob',
      since: 1,
      previous: { v: 1, run: 'one', since: 0, by: 'ann' },
    })
    await rollBack(store, at, { by: 'bob', since: 2 })
    await expect(rollBack(store, at, { by: 'bob', since: 3 })).rejects.toThrow(
      'nothing was in production of local/small/ before',
    )
  })

  it('is changed by one of two who saw the same', async () => {
    await promote('one')
    const standing = await standingChampion(store, at)
    await crown(store, at, standing, { run: 'two', since: 0, by: 'ann' })
    await expect(crown(store, at, standing, { run: 'three', since: 0, by: 'bob' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'two became production meanwhile',
    })
    const none = { champion: undefined, bytes: undefined }
    await expect(crown(store, at, none, { run: 'four', since: 0, by: 'bob' })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
  })

  it('remembers ten before it', async () => {
    for (let run = 0; run < 20; run++) await promote(`run-${run}`)
    let depth = 0
    for (let entry = (await standingChampion(store, at)).champion?.previous; entry; entry = entry.previous) depth++
    expect(depth).toBe(10)
  })
})
