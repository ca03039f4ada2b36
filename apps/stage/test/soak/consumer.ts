// A consumer as documented: it stores its effects and the ids of handled events in one place, so it may be killed at
// any time.
import { DatabaseSync } from 'node:sqlite'
import { connectConsumer } from '@cairn/consumer/connect'
import { faults } from '../faults/project/faults.pipeline.ts'
import { total } from '../faults/project/steps.ts'

const database = new DatabaseSync(process.env['CAIRN_TEST_EFFECTS']!)
database.exec('pragma journal_mode = wal; pragma busy_timeout = 5000')
database.exec('create table if not exists effects (id text)')
const has = database.prepare('select 1 from effects where id = ?')
const add = database.prepare('insert into effects values (?)')

const cairn = await connectConsumer({
  group: 'billing',
  from: 'beginning',
  seen: { has: (id) => has.get(id) !== undefined, add: () => {} }, // the effect itself records the id
})
await cairn.subscribe(faults, total, ({ id }) => void add.run(id))
console.log('{"url":"http://none","msg":"ready"}')
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void cairn.close().then(() => process.exit(0)))
