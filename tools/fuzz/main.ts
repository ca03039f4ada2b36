import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'

/** `node tools/fuzz/main.ts --minutes 10 --seed 1`: runs random scenarios, and exits with 1 if one fails. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string', multiple: true, default: [] },
    first: { type: 'string', default: '0' },
    scenarios: { type: 'string' },
    most: { type: 'string', default: '20' },
  },
})
const { counts, faults } = await fuzz({
  seed: Number(values.seed),
  first: Number(values.first),
  until: Date.now() + Number(values.minutes) * 60_000,
  kinds: values.kind,
  mostFaults: Number(values.most),
  ...(values.scenarios !== undefined && { scenarios: Number(values.scenarios) }),
  onFault: (fault) => console.log(`${JSON.stringify(fault, null, 2)}\n`),
})
console.log(
  Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join('  '),
)
console.log(`${faults.length} faults`)
process.exitCode = faults.length > 0 ? 1 : 0
