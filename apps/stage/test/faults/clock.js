// Loaded into a service with `node --import`. Shifts its system clock by the milliseconds in the file CAIRN_TEST_CLOCK,
// whose changes take effect within 200 ms. As with a real clock, `performance` and timers are not affected.
import { readFileSync } from 'node:fs'

const LOOK_MS = 200
const file = process.env['CAIRN_TEST_CLOCK']

if (file !== undefined) {
  let ahead = 0
  const look = () => {
    try {
      ahead = Number(readFileSync(file, 'utf8'))
    } catch {
      ahead = 0
    }
  }
  look()
  setInterval(look, LOOK_MS).unref()

  const { now } = Date
  const shifted = () => now() + ahead
  globalThis.Date = new Proxy(Date, {
    get: (target, name) => (name === 'now' ? shifted : Reflect.get(target, name)),
    construct: (target, args, made) => Reflect.construct(target, args.length > 0 ? args : [shifted()], made),
    apply: (target) => new target(shifted()).toString(),
  })
}
