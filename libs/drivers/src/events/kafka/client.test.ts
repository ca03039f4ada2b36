import BrokerPool from 'kafkajs/src/cluster/brokerPool.js'
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js'
import SocketRequest from 'kafkajs/src/network/requestQueue/socketRequest.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newClient } from './client.ts'
import { settingsOf } from './settings.ts'

const COORDINATOR = 'The group coordinator is not available'
const LOADING = "The coordinator is loading and hence can't process requests for this group"

describe('the log of a Kafka client', () => {
  const received: string[] = []
  const log = ({ log: { message } }: { log: { message: string } }) => void received.push(message)
  const logger = newClient(settingsOf({ brokers: ['127.0.0.1:1'], clientId: 'c', log })).logger()

  it.each([
    ['Limiting retries for the idempotent producer may invalidate EoS guarantees', undefined],
    ['Response GroupCoordinator(key: 10, version: 2)', COORDINATOR],
    ['Response InitProducerId(key: 22, version: 1)', LOADING],
    ['Response JoinGroup(key: 11, version: 5)', LOADING],
    ['Response CreateTopics(key: 19, version: 3)', 'Topic creation errors'],
  ])('omits warnings that occur at every start: %s, %s', (message, error) => {
    received.length = 0
    logger.warn(message, { error })
    logger.error(message, { error })
    expect(received).toEqual([])
  })

  it.each([
    ['Response Fetch(key: 1, version: 11)', COORDINATOR],
    ['Response GroupCoordinator(key: 10, version: 2)', 'Not authorized to access group'],
    ['Response JoinGroup(key: 11, version: 5)', 'The group is rebalancing, so a rejoin is needed'],
    ['Connection error: connect ECONNREFUSED 127.0.0.1:1', undefined],
  ])('contains every other warning: %s, %s', (message, error) => {
    received.length = 0
    logger.warn(message, { error })
    expect(received).toEqual([message])
  })
})

describe.each([-3_600_000, 3_600_000])('a Kafka client whose clock jumps by %d ms', (ms) => {
  newClient(settingsOf({ brokers: ['127.0.0.1:1'], clientId: 'c' }))
  const now = Date.now.bind(Date)
  const setClock = () => vi.spyOn(Date, 'now').mockImplementation(() => now() + ms)
  const silent = { logger: { namespace: () => ({}) }, instrumentationEmitter: { emit: () => {} } }
  afterEach(() => void vi.restoreAllMocks())

  it('sends a heartbeat only when it is due', async () => {
    const group = new ConsumerGroup({ ...silent, topics: [], assigners: [] })
    let beats = 0
    group.memberId = 'a member'
    group.coordinator = { heartbeat: async () => void beats++ }
    setClock()
    await group.heartbeat({ interval: 600_000 })
    expect(beats).toBe(0)
    await group.heartbeat({ interval: -10 }) // overdue by 10 ms
    expect(beats).toBe(1)
  })

  it('does not change the timeouts of requests and broker metadata', () => {
    const request = new SocketRequest({ entry: { correlationId: 1 }, send: () => {} })
    request.send()
    const brokers = new BrokerPool(silent)
    brokers.metadataExpireAt = Date.now() + 600_000
    setClock()
    const waited = Date.now() - request.sentAt!
    expect(waited).toBeGreaterThan(-10)
    expect(waited).toBeLessThan(600_000)
    expect(brokers.metadataExpireAt - Date.now()).toBeGreaterThan(0)
    expect(brokers.metadataExpireAt - Date.now()).toBeLessThan(600_010)
  })
})
