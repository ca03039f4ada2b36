import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'

test.each(['names', 'flags', 'parameters', 'sources', 'stores'])(
  'no odd %s end a command in anything but a result or an error with what to do next',
  async (kind) => {
    const { faults } = await fuzz({ seed: 1, stories: 6, kinds: [kind], until: Infinity, processes: 1 })
    expect(faults).toEqual([])
  },
  600_000,
)
