import { parity as compareAgain, type Parity } from '@cairn/explore'
import type { GlobalOptions } from '../open.ts'
import { openLab } from '../open-lab.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

interface Options {
  readonly step?: readonly string[]
  readonly against?: string
  readonly twice?: boolean
}

/** `cairn parity`: whether steps give again what they gave, byte for byte; those that do not are named. */
export default async function parity(
  name: string | undefined,
  { step = [], against, twice = false }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, playground = 'parity', ...globals } = command.optsWithGlobals()
  const lab = await openLab(name, { ...globals, playground }, { base: against, atRunCode: true })
  const found = await compareAgain(lab, step, { twice })
  if (json) console.log(JSON.stringify({ base: lab.base, twice, steps: found }, null, 2))
  else {
    console.log(`${twice ? 'twice, with the inputs' : 'again, with the inputs'} of ${lab.base}\n`)
    console.log(
      table(
        ['', 'step', '', 'it reaches'].map((title) => ({ title })),
        found.map(row),
        (title) => paint('dim', title),
      ),
    )
  }
  if (found.some(({ same }) => !same)) process.exitCode = 1
}

function row({ node, same, different, reaches, error }: Parity): string[] {
  const changed = different.map(
    ({ output, before, after }) => `${output} ${before.slice(0, 8)} -> ${after.slice(0, 8)}`,
  )
  const what = same ? 'the same bytes' : (error ?? changed.join(', '))
  return [same ? paint('green', '✔') : paint('red', '✘'), node, what, paint('dim', reaches.join('; '))]
}
