import { beforeEach, describe, expect, it } from 'vitest'
import { memoryStore } from '@cairn/drivers/store/memory'
import { layout, type ArtifactStore, type EndRecord, type Plan, type RunEnd } from '@cairn/records'
import { findRun, newRunName, nextRun, outputsOf, previousRun, readEnds, readRun, runNames } from './runs.ts'

const at = layout('local', 'flights')
const REF = { digest: 'd', size: 1, text: '1' }

describe('runs', () => {
  let store: ArtifactStore
  beforeEach(() => (store = memoryStore()))

  const write = (path: string, record: object) => store.create(path, Buffer.from(JSON.stringify(record)))
  const run = async (name: string, status?: RunEnd['status'], nodes: Plan['nodes'] = {}) => {
    const plan = {
      v: 1,
      run: name,
      env: 'local',
      pipeline: 'flights',
      createdAt: 1,
      params: {},
      steps: {},
      outputs: {},
      nodes,
    } as unknown as Plan
    await write(at.plan(name), plan)
    if (status) await write(at.runEnd(name), { v: 1, status, endedAt: 1, host: 'h' })
    return plan
  }
  const end = (name: string, task: string, status: EndRecord['status'], outcome: object) =>
    write(at.end(name, task), {
      v: 1,
      status,
      items: [{ status, ...outcome }],
      counts: {},
      startedAt: 1,
      endedAt: 2,
      host: 'h',
    })

  it('have names that sort by their start, and differ for two at once', () => {
    const start = Date.UTC(2026, 10, 20, 9, 5, 7, 4)
    const moments = [0, 40, 500, 995, 996, 60_000, 86_400_000].map((later) => newRunName(start + later))
    expect(moments[0]).toMatch(/^20261120-090507-[a-z2-9]{5}$/)
    expect(moments.toSorted()).toEqual(moments)
    expect(new Set(Array.from({ length: 100 }, () => newRunName(start))).size).toBeGreaterThan(95)
  })

  it('do not include invalid names', async () => {
    for (const stray of ['é💥', 'not a run', 'x'.repeat(65)]) await store.create(at.plan(stray), Buffer.from('{}'))
    await run('20261120-120000-ijkl')
    expect(await runNames(store, at)).toEqual(['20261120-120000-ijkl'])
  })

  it.each(['99991231-235959-zzzzz', '20990101-000000-abcde', '20990101-nonsense'])(
    'are not named after something that only looks like a run: %s',
    async (stray) => {
      const now = Date.UTC(2026, 10, 20, 9, 5, 7, 4)
      await store.create(at.plan(stray), Buffer.from('{}'))
      expect((await nextRun(store, at, now)).run).toMatch(/^20261120-090507-/)
      await run(newRunName(now + 60_000))
      expect((await nextRun(store, at, now)).run).toMatch(/^20261120-090607-/)
    },
  )

  it('have names after all earlier runs, even runs with a later time than now', async () => {
    const now = Date.UTC(2026, 10, 20, 9, 5, 7, 4)
    expect((await nextRun(store, at, now)).run).toMatch(/^20261120-090507-/)
    for (const later of [0, 1, 959, 960, 995, 999, 86_400_000 - 1]) {
      const newest = newRunName(now + later)
      await run(newest)
      const next = await nextRun(store, at, now)
      expect(next.run > newest, `${next.run} > ${newest}`).toBe(true)
      expect(next.isAhead).toBe(later > 2_000 ? newest : undefined)
    }
  })

  it('are listed with the newest first', async () => {
    for (const name of ['20261120-090507-aaaa', '20261121-090507-aaaa', '20261119-090507-aaaa']) await run(name)
    expect(await runNames(store, at)).toEqual(['20261121-090507-aaaa', '20261120-090507-aaaa', '20261119-090507-aaaa'])
    expect(await runNames(store, layout('local', 'penguins'))).toEqual([])
  })

  describe('are found', () => {
    beforeEach(async () => {
      for (const name of ['20261119-100000-abcd', '20261120-110000-efgh', '20261120-120000-ijkl']) await run(name)
      await write(at.ref('production'), { v: 1, run: '20261119-100000-abcd' })
    })

    it.each([
      ['their whole name', '20261120-110000-efgh', '20261120-110000-efgh'],
      ['the start of it', '20261119', '20261119-100000-abcd'],
      ['the end of it', 'efgh', '20261120-110000-efgh'],
      ['a ref', 'production', '20261119-100000-abcd'],
      ['being the latest', 'latest', '20261120-120000-ijkl'],
    ])('by %s', async (_, wanted, found) => {
      expect(await findRun(store, at, wanted)).toBe(found)
    })

    it('by a full name that is a prefix of another one', async () => {
      await run('20261119-100000-abcd2')
      expect(await findRun(store, at, '20261119-100000-abcd')).toBe('20261119-100000-abcd')
    })

    it('not if several match', async () => {
      await expect(findRun(store, at, '20261120')).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: '2 runs match "20261120"',
        next: 'cairn runs; available: 20261120-120000-ijkl, 20261120-110000-efgh',
      })
    })

    it('not by fewer than four letters, which may match by chance', async () => {
      expect(await findRun(store, at, 'ijkl')).toBe('20261120-120000-ijkl')
      await expect(findRun(store, at, 'jkl')).rejects.toMatchObject({ message: 'run "jkl" does not exist' })
    })

    it('not under an unknown name, and the nearest is suggested', async () => {
      await expect(findRun(store, at, '20261120-110000-efhg')).rejects.toMatchObject({
        message: 'run 20261120-110000-efhg does not exist, or a collection removed it',
        next: 'cairn runs; did you mean "20261120-110000-efgh"?',
      })
      // A whole name of another moment was not misspelt.
      await expect(findRun(store, at, '20261120-110001-efgh')).rejects.toMatchObject({ next: 'cairn runs' })
    })

    it('not if there are no runs', async () => {
      await expect(findRun(store, layout('local', 'penguins'), 'latest')).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'local/penguins/ has no runs',
        next: 'cairn run',
      })
    })
  })

  it('are read with their end, if they have one', async () => {
    const plan = await run('a')
    expect(await readRun(store, at, 'a')).toEqual({ plan, end: undefined })
    await run('b', 'failed')
    expect(await readRun(store, at, 'b')).toMatchObject({ plan: { run: 'b' }, end: { status: 'failed' } })
    await expect(readRun(store, at, 'c')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'run c does not exist, or a collection removed it',
      next: 'cairn runs',
    })
    await end('c', 'train', 'completed', { how: 'computed', outputs: {} })
    await expect(readRun(store, at, 'c')).rejects.toMatchObject({ message: 'run c has no plan', next: 'cairn doctor' })
  })

  it('have a record for each task that has ended, batches included', async () => {
    await run('a', 'failed')
    await end('a', 'train', 'completed', { how: 'computed', outputs: {} })
    await end('a', 'score/0.1', 'failed', { error: { code: 'STEP_FAILED', message: 'no' } })
    const ends = await readEnds(store, at, 'a')
    expect(Object.fromEntries([...ends].map(([task, { status }]) => [task, status]))).toEqual({
      train: 'completed',
      'score/0.1': 'failed',
    })
    await store.remove(at.plan('a'))
    await expect(readEnds(store, at, 'a')).rejects.toThrow('a collection removed run a')
  })

  it('have outputs of completed and given nodes', async () => {
    const given = { type: 'given', scope: [], guards: [], from: 'z', outputs: { g: REF } } as const
    const plan = await run('a', 'failed', { load: given })
    await end('a', 'train', 'completed', { how: 'computed', outputs: { model: REF } })
    await end('a', 'evaluate', 'failed', { error: { code: 'STEP_FAILED', message: 'no' } })
    const outputs = (node: string) => outputsOf(store, at, plan, node)
    expect([await outputs('load'), await outputs('train')]).toEqual([{ g: REF }, { model: REF }])
    expect([await outputs('evaluate'), await outputs('report')]).toEqual([undefined, undefined])
  })

  describe('to compare with', () => {
    const previous = async (except?: string) => (await previousRun(store, at, except))?.plan.run

    it('are the newest that completed', async () => {
      await run('a', 'completed')
      await run('b', 'completed')
      await run('c', 'failed')
      await run('d')
      expect(await previous()).toBe('b')
      expect(await previous('b')).toBe('a')
    })

    it('are the newest if none has completed', async () => {
      await run('a', 'failed')
      await run('b', 'cancelled')
      expect(await previous()).toBe('b')
      expect(await previous('b')).toBe('a')
    })

    it('are absent if nothing was planned', async () => {
      await end('a', 'train', 'completed', { how: 'computed', outputs: {} })
      expect(await previous()).toBeUndefined()
    })
  })
})
