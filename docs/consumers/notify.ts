import { seenIn } from '@cairn/consumer'
import { connectConsumer } from '@cairn/consumer/connect'
import { evaluate } from '@cairn/pipelines/flight-delays/evaluate'
import { flightDelays } from '@cairn/pipelines/flight-delays/pipeline'

const [group = 'notify'] = process.argv.slice(2)
const cairn = await connectConsumer({ group, from: 'beginning', seen: seenIn(`${group}.seen`) })
await cairn.subscribe(flightDelays, evaluate, async (done) => {
  const { metrics } = await done.outputs('metrics')
  console.log(done.id, metrics.auc)
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, cairn.close)
