import { beforeEach, describe, expect, it } from 'vitest'
import type { Incoming } from './message.ts'
import { Partition } from './partition.ts'

describe('a partition', () => {
  let partition: Partition
  beforeEach(() => {
    partition = new Partition(0)
    partition.assign()
  })

  const message = (offset: number): Incoming => ({ offset, key: null, value: null, headers: new Map() })
  /** Accepts messages with these offsets. There are no others before `next`. */
  const accept = (offsets: number[], next = offsets.at(-1)! + 1) => partition.accept(offsets.map(message), next, next)
  const taken = new Map<number, Incoming>()
  const take = () => {
    const message = partition.take()
    if (message) taken.set(message.offset, message)
    return message
  }
  const takeAll = () => Array.from({ length: partition.waiting }, () => take()!.offset)
  const finish = (...offsets: number[]) =>
    offsets.forEach((offset) => partition.finish(taken.get(offset) ?? message(offset)))

  it('is handled up to the first gap', () => {
    accept([5, 6, 7])
    takeAll()
    finish(7, 6)
    expect(partition.due).toBeUndefined()
    finish(5)
    expect(partition.due).toBe(8)
    partition.committed(8)
    expect(partition.due).toBeUndefined()
  })

  it('is handled past offsets without a message', () => {
    accept([5, 9], 12)
    takeAll()
    finish(5)
    expect(partition.due).toBe(9)
    finish(9)
    expect(partition.due).toBe(12)
  })

  it('does not deliver events again that are in progress or handled when it is reassigned', () => {
    accept([0, 1, 2, 3])
    takeAll()
    finish(1)
    partition.revoke()
    finish(2)
    partition.assign()
    accept([0, 1, 2, 3, 4])
    expect(takeAll()).toEqual([4])
    expect(partition.handled).toBe(0)
    finish(0, 3, 4)
    expect(partition.due).toBe(5)
  })

  it('delivers events again that were waiting when it was revoked, or were returned afterwards', () => {
    accept([0, 1, 2])
    const first = take()!
    partition.revoke()
    expect(partition.waiting).toBe(0)
    partition.putBack(first)
    partition.assign()
    accept([0, 1, 2])
    expect(takeAll()).toEqual([0, 1, 2])
  })

  it('forgets events that other members have handled', () => {
    accept([0, 1, 2])
    take()
    partition.revoke()
    partition.assign()
    accept([2, 3])
    expect(takeAll()).toEqual([2, 3])
    finish(2, 3, 0)
    expect(partition.due).toBe(4)
  })

  it('does not commit below the offset that other members have committed', () => {
    accept([0, 1, 2])
    takeAll()
    finish(0, 1)
    partition.revoke()
    finish(2)
    partition.assign()
    expect(partition.due).toBeUndefined()
    accept([5], 6)
    expect(partition.due).toBeUndefined()
    takeAll()
    finish(5)
    expect(partition.due).toBe(6)
  })

  it('starts again if the offsets of the group were reset', () => {
    accept([5, 6])
    takeAll()
    finish(5, 6)
    partition.committed(7)
    partition.revoke()
    partition.assign()
    accept([2, 3])
    expect(takeAll()).toEqual([2, 3])
    finish(2)
    expect(partition.due).toBe(3)
  })

  it('starts again if the topic was recreated, even with the same member', () => {
    accept([0, 1, 2, 3, 4])
    takeAll()
    finish(0, 1, 2)
    const old = taken.get(3)!
    accept([0, 1], 2)
    expect(takeAll()).toEqual([0, 1])
    expect(partition.lag).toBe(2)
    accept([2, 3])
    expect(takeAll()).toEqual([2, 3])
    finish(0, 1, 2)
    partition.finish(old) // it was in progress when its log was deleted
    expect(partition.due).toBe(3)
    finish(3)
    expect(partition.due).toBe(4)
  })

  it('starts again even if the new log is longer than the handled part of the old one', () => {
    accept([0, 1, 2])
    takeAll()
    finish(0, 1, 2)
    partition.committed(3)
    accept([0, 1, 2, 3, 4])
    expect(takeAll()).toEqual([0, 1, 2, 3, 4])
    finish(0)
    expect(partition.due).toBe(1)
  })

  it('is full until half of its events are taken', async () => {
    accept(Array.from({ length: 2_001 }, (_, offset) => offset))
    expect(partition).toMatchObject({ isFull: true, isLow: false })
    const low = partition.untilLow()
    while (!partition.isLow) take()
    await low
    expect(partition).toMatchObject({ isFull: false, waiting: 1_000 })
  })

  it('is also filled by a few large messages', () => {
    const large = (offset: number) => ({ ...message(offset), value: Buffer.alloc(1 << 20) })
    partition.accept([0, 1, 2, 3].map(large), 4, 4)
    expect(partition.isFull).toBe(false)
    partition.accept([large(4)], 5, 5)
    expect(partition.isFull).toBe(true)
    partition.revoke()
    expect(partition).toMatchObject({ isFull: false, isLow: true })
  })
})
