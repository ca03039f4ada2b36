import { flags } from './flags.ts'
import { names } from './names.ts'
import { parameters } from './parameters.ts'
import type { Random } from './random.ts'
import { sources } from './sources.ts'
import { stores } from './stores.ts'
import type { Scenario } from './scenario.ts'

/** Generators of scenarios, by kind. */
export const KINDS: Readonly<Record<string, (random: Random) => Scenario>> = {
  names,
  flags,
  parameters,
  sources,
  stores,
}
