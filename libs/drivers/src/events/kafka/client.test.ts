import { describe, expect, it } from 'vitest'
import { newClient } from './client.ts'
import { settingsOf } from './settings.ts'

const COORDINATOR = 'The group coordinator is not available'
const LOADING = "The coordinator is loading and hence can't process requests for this group"

describe('the log of a Kafka client', () => {
  const heard: string[] = []
  const log = ({ log: { message } }: { log: { message: string } }) => void heard.push(message)
  const logger = newClient(settingsOf({ brokers: ['127.0.0.1:1'], clientId: 'c', log })).logger()

  it.each([
    ['Limiting retries for the idempotent producer may invalidate EoS guarantees', undefined],
    ['Response GroupCoordinator(key: 10, version: 2)', COORDINATOR],
    ['Response InitProducerId(key: 22, version: 1)', LOADING],
    ['Response JoinGroup(key: 11, version: 5)', LOADING],
    ['Response CreateTopics(key: 19, version: 3)', 'Topic creation errors'],
  ])('leaves out what every start warns of: %s, %s', (message, error) => {
    heard.length = 0
    logger.warn(message, { error })
    logger.error(message, { error })
    expect(heard).toEqual([])
  })

  it.each([
    ['Response Fetch(key: 1, version: 11)', COORDINATOR],
    ['Response GroupCoordinator(key: 10, version: 2)', 'Not authorized to access group'],
    ['Response JoinGroup(key: 11, version: 5)', 'The group is rebalancing, so a rejoin is needed'],
    ['Connection error: connect ECONNREFUSED 127.0.0.1:1', undefined],
  ])('has every other warning: %s, %s', (message, error) => {
    heard.length = 0
    logger.warn(message, { error })
    expect(heard).toEqual([message])
  })
})
