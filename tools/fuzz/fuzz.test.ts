import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'

test.each(['names', 'flags', 'parameters', 'sources', 'stores'])(
  'a command with odd %s ends with a result, or with an error and a next step',
  async (kind) => {
    const { faults } = await fuzz({ seed: 1, scenarios: 6, kinds: [kind], until: Infinity, processes: 1 })
    expect(faults).toEqual([])
  },
  600_000,
)
