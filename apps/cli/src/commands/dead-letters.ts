import { CairnError } from '@cairn/kernel'
import { undefinedOn } from '@cairn/kernel/contract'
import { mapConcurrently, NAMES } from '@cairn/records'
import { when } from '@cairn/workspace'
import { withGivenOptions } from '../given-options.ts'
import { timeZone } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { letterNamed, lettersOf, openLetters, wholeLetter, type Letter } from '../remote/dead-letters.ts'
import { postTo } from '../remote/control-client.ts'
import { printData, printLines } from '../terminal/print.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

type Command = { optsWithGlobals(): GlobalOptions }
interface ListOptions {
  readonly number: number
  readonly all?: boolean
}

/** `cairn dead-letters list`: lists events that groups could not handle, newest first. */
export async function list(named: string | undefined, { number, all = false }: ListOptions, command: Command) {
  const { json, ...globals } = command.optsWithGlobals()
  const { control, pipelines } = await openLetters(globals, named)
  const found: (Letter & { pipeline: string })[] = []
  let more = false
  for (const pipeline of pipelines) {
    let count = 0
    for await (const letter of lettersOf(control, pipeline, { all })) {
      if (++count > number) break
      found.push({ pipeline, ...letter })
    }
    more ||= count > number
  }
  found.sort((a, b) => b.at - a.at)
  if (json)
    return printData(JSON.stringify({ letters: found.slice(0, number), more: more || found.length > number }, null, 2))
  if (found.length === 0) return printLines('no dead letters')
  const zone = timeZone()
  const rows = found
    .slice(0, number)
    .map(({ pipeline, id, at, event, preview, groups }) => [
      `${pipeline}/${id}`,
      when(at, zone),
      event?.id ?? (preview === undefined || preview === '' ? 'not an event' : `not an event: ${preview.slice(0, 40)}`),
      groups.map(({ group, state }) => (state === 'waiting' ? group : `${group} (${state})`)).join(', '),
      groups[0]!.error.message,
    ])
  const titles = ['dead letter', 'time', 'event', 'given up by', 'error'].map((title) => ({ title }))
  printLines(table(titles, rows, (title) => paint('dim', title)))
  if (more || found.length > number)
    printLines(`\nmore: ${withGivenOptions(`cairn dead-letters list -n ${number * 10}`)}`)
  printLines(`\n${paint('dim', 'next')}  ${withGivenOptions(`cairn dead-letters show ${rows[0]![0]}`)}`)
}

/** `cairn dead-letters show`: prints one dead letter with its message. */
export async function show(path: string, _: object, command: Command) {
  const { json, ...globals } = command.optsWithGlobals()
  const { pipeline, id } = letterNamed(path)
  const { control } = await openLetters(globals, pipeline)
  const letter = await wholeLetter(control, pipeline, id)
  if (json) return printData(JSON.stringify({ pipeline, ...letter }, null, 2))
  const zone = timeZone()
  printLines(
    `${paint('bold', `${pipeline}/${id}`)}  ${letter.event ? `${letter.event.type}  ${letter.event.id}` : 'not an event'}`,
  )
  for (const { group, state, at, error } of letter.groups)
    printLines(`  ${state}  given up by ${group}  ${when(at, zone)}\n    ${error.code}: ${error.message}`)
  const headers = Object.entries(letter.headers).filter(([name]) => !/^cairn_(dead|error)_/.test(name))
  printLines('')
  for (const [name, values] of headers) printLines(`  ${name}: ${values.map(textOf).join(', ')}`)
  if (letter.value !== null) printLines(`\n  ${textOf(letter.value)}`)
  if (letter.groups.some(({ state }) => state === 'waiting'))
    printLines(
      `\n${paint('dim', 'next')}  ${withGivenOptions(`cairn dead-letters ${letter.event ? 'replay' : 'drop'} ${pipeline}/${id}`)}`,
    )
}

interface DecideOptions {
  readonly group?: string
  readonly run?: string
}

/** `cairn dead-letters replay` and `drop`, of one letter or all of a pipeline, for all groups that gave it up or for one. */
export function decide(what: 'replay' | 'drop') {
  const done = what === 'replay' ? 'replayed' : 'dropped'
  return async (path: string, { group, run }: DecideOptions, command: Command) => {
    const { json, ...globals } = command.optsWithGlobals()
    const isAll = NAMES.name.fits(path)
    const { pipeline, id } = isAll ? { pipeline: path, id: '' } : letterNamed(path)
    if (!isAll && run !== undefined) throw ofRunNeedsPipeline(what, pipeline, run)
    const { control } = await openLetters(globals, pipeline)
    const send = async (id: string): Promise<readonly string[]> => {
      const body = group === undefined ? {} : { group }
      const route = `/v1/pipelines/{pipeline}/dead-letters/{id}/${what}` as const
      return (await postTo(control, route, { path: { pipeline, id }, body })).groups
    }
    if (!isAll) {
      const groups = await send(id)
      if (json) return printData(JSON.stringify({ pipeline, id, [done]: groups }))
      return printLines(`${done}  ${pipeline}/${id}  for ${groups.join(', ')}`)
    }
    const letters = await Array.fromAsync(lettersOf(control, pipeline, run === undefined ? {} : { run }))
    const chosen = letters.filter(({ event, groups }) => (event || what === 'drop') && groups.some(matchesGroup(group)))
    const decided: { id: string; groups: readonly string[] }[] = []
    await mapConcurrently(chosen, async ({ id }) => {
      const groups = await send(id).catch(undefinedOn('CONFLICT', 'NOT_FOUND')) // decided by another meanwhile
      if (groups) decided.push({ id, groups })
    })
    const left = letters.length - decided.length
    if (json) return printData(JSON.stringify({ pipeline, [done]: decided, left }))
    printLines(`${done}  ${decided.length} dead letters of ${pipeline}${left > 0 ? `; ${left} others remain` : ''}`)
  }
}
function matchesGroup(wanted: string | undefined): (of: Letter['groups'][number]) => boolean {
  return ({ group, state }) => state === 'waiting' && (wanted === undefined || group === wanted)
}

function ofRunNeedsPipeline(what: string, pipeline: string, run: string): CairnError {
  return new CairnError('BAD_PARAMETER', '--run selects among the dead letters of a pipeline, so it takes no letter', {
    next: `cairn dead-letters ${what} ${pipeline} --run ${run}`,
  })
}

/** `cairn dead-letters export`: prints dead letters in full, as JSON lines. */
export async function exportAll(named: string | undefined, { all = false }: { all?: boolean }, command: Command) {
  const { control, pipelines } = await openLetters(command.optsWithGlobals(), named)
  for (const pipeline of pipelines)
    for await (const letters of inParts(lettersOf(control, pipeline, { all })))
      for (const letter of await Promise.all(letters.map(({ id }) => wholeLetter(control, pipeline, id))))
        printData(JSON.stringify({ pipeline, ...letter }))
}

/** Number of letters that are fetched at once. */
const PART = 16

async function* inParts<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  const part: Item[] = []
  for await (const item of items) {
    part.push(item)
    if (part.length === PART) yield part.splice(0)
  }
  if (part.length > 0) yield part
}

/** The first characters of a message. Anybody may have sent it, so it need not be text. */
function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString().slice(0, 2_000)
}
