import { readContext } from '@cairn/workspace'
import { parity as compareBytes, type Entry, type Lab, type Parity } from '@cairn/explore'
import type { GlobalOptions } from '../global-options.ts'
import { openLab } from '../open-lab.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { printData, printLines } from '../terminal/print.ts'

interface Options {
  readonly step?: readonly string[]
  readonly against?: string
  readonly twice?: boolean
}

type Found = Parity & { readonly where: string }

/** Where steps are recomputed: in this process, or by services. */
type Entries = readonly (readonly [where: string, entry: Entry | undefined])[]

/**
 * `cairn parity`: recomputes steps and compares the bytes, and names those that differ. Items of an `each` are also
 * computed alone and in reverse order. With `--on`, steps are computed both here and by the services.
 */
export default async function parity(
  name: string | undefined,
  { step = [], against, twice = false }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, playground = 'parity', ...globals } = command.optsWithGlobals()
  const lab = await openLab(name, { ...globals, playground }, { base: against, atRunCode: true })
  const entries = await entriesOf(lab, globals.on)
  const found: Found[] = []
  for (const [where, entry] of entries)
    for (const one of await compareBytes(lab, step, { twice, ...(entry && { entry }) })) found.push({ ...one, where })
  if (json) printData(JSON.stringify({ base: lab.base, twice, steps: found }, null, 2))
  else {
    const places = entries.map(([where]) => where).join(' and ')
    printLines(`computed ${twice ? 'twice' : 'again'} ${places}, from the inputs of run ${lab.base}\n`)
    printLines(
      table(
        ['', 'step', '', '', 'code uses'].map((title) => ({ title })),
        found.map((one) => row(one)),
        (title) => paint('dim', title),
      ),
    )
  }
  if (found.some(({ same }) => !same)) process.exitCode = 1
}

async function entriesOf(lab: Lab, on: string | undefined): Promise<Entries> {
  if (on === undefined) return [['here', undefined]]
  const { rerunOn } = await import('../remote/rerun.ts')
  const { workspace, base } = lab.session
  const context = readContext(workspace.project.root, on)
  return [
    ['here', undefined],
    [`on ${on}`, (node) => rerunOn(workspace, context, base, node)],
  ]
}

function row({ node, where, same, different, items, reaches, error }: Found): string[] {
  const changed = different.map(({ output, ...digests }) => `${output} ${moved(digests)}`)
  const [first, ...more] = items
  if (first) changed.push(itemText(first) + (more.length > 0 ? `, and ${more.length} more` : ''))
  const what = same ? 'the same bytes' : (error ?? changed.join(', '))
  return [same ? paint('green', '✔') : paint('red', '✘'), node, where, what, paint('dim', reaches.join('; '))]
}

function itemText({ item, label, how, output, ...digests }: Parity['items'][number]): string {
  return `item ${item}${label === undefined ? '' : ` (${label})`} ${how}: ${output} ${moved(digests)}`
}

function moved({ before, after }: { readonly before: string; readonly after: string }): string {
  return `${before.slice(0, 8)} -> ${after.slice(0, 8)}`
}
