import { flags } from './flags.ts'
import { names } from './names.ts'
import { parameters } from './parameters.ts'
import type { Random } from './random.ts'
import { sources } from './sources.ts'
import { stores } from './stores.ts'
import type { Story } from './story.ts'

/** What stories are about. */
export const KINDS: Readonly<Record<string, (random: Random) => Story>> = { names, flags, parameters, sources, stores }
