import { deletePlayground, listPlaygrounds } from '@cairn/explore'
import { when } from '@cairn/workspace'
import { withGivenOptions } from '../given-options.ts'
import { openProduction, timeZone } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { printData, printLines } from '../terminal/print.ts'

interface Options {
  readonly delete?: readonly string[]
}

/** `cairn playgrounds`: lists playgrounds, or deletes some with everything computed in them. */
export default async function playgrounds(
  { delete: names = [] }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const { project } = await openProduction(globals)
  for (const name of names) await deletePlayground(project, name)
  const found = listPlaygrounds(project)
  if (json) return printData(JSON.stringify(found, null, 2))
  for (const name of names) printLines(`deleted ${name}`)
  if (found.length === 0) return printLines(withGivenOptions('no playgrounds yet; cairn play creates one'))
  const zone = timeZone()
  const rows = found.map(({ name, createdAt, usedAt, pins }) => [
    paint('bold', name),
    when(createdAt, zone),
    when(usedAt, zone),
    pins.map(({ pipeline, run, until }) => `${pipeline}/${run} (${keptText(until, zone)})`).join(', '),
  ])
  const titles = ['playground', 'created', 'last used', 'base runs']
  printLines(
    table(
      titles.map((title) => ({ title })),
      rows,
      (title) => paint('dim', title),
    ),
  )
}

function keptText(until: number | undefined, zone: string): string {
  return until === undefined ? 'of services, where its retention decides' : `kept until ${when(until, zone)}`
}
