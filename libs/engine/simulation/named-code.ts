import { hash } from 'node:crypto'
import type { ClosureSet } from '@cairn/records'
import type { Step } from '@cairn/kernel'

/** The code of steps in simulations. Its fingerprint is the hash of the step's name. */
export const namedCode: ClosureSet = {
  body: ({ name }: Step) => {
    const fingerprint = hash('sha256', name)
    const manifest = { v: 1, fingerprint, node: 24, declarations: [], packages: [], reaches: [], imports: {} } as const
    return { fingerprint, manifest, emit: async () => name }
  },
  fallback: (step) => (step.definition.catch ? namedCode.body(step) : undefined),
}
