// Runs a member of group `g` in its own process, so that a test can stop and continue it:
// `node zombie.fixture.ts <broker> <topic>`. Prints the id of each event. All handlers except that of `e0` resolve only
// after standard input receives data.
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
