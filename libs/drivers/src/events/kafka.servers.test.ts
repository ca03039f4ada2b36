import { describe, inject } from 'vitest'
import { busSuite } from './bus.suite.ts'
import { buses, withOwnTopics } from './kafka/kafka.fixture.ts'

const brokers = inject('servers')?.kafka.brokers

describe.skipIf(!brokers)('Kafka', () => {
  const open = buses(() => brokers!)

  busSuite('Kafka', () => withOwnTopics(open()))
})
