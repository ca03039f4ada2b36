// A member of group `g` in a process of its own, to be stopped and continued: `node zombie.fixture.ts <broker> <topic>`. It
// tells on standard output what it hears, and keeps that in hand until it is told on standard input to let go.
import { once } from 'node:events'
import { kafkaBus } from '../kafka.ts'

const [broker, topic] = process.argv.slice(2) as [string, string]
const letGo = once(process.stdin, 'data')
const bus = kafkaBus({
  brokers: [broker],
  clientId: 'zombie',
  sessionTimeout: 1_000,
  heartbeatInterval: 100,
  fetchWait: 50,
})
await bus.subscribe(topic, { group: 'g', from: 'beginning' }, async ({ id }) => {
  console.log(id)
  if (id !== 'e0') await letGo
})
