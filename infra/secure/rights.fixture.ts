import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The relation of a user to a path, a topic or a group. */
export const HOLDERS = ['named service', 'stages', 'consumers', 'control', 'others'] as const
export type Holder = (typeof HOLDERS)[number]

/** What each holder may do, by the row names of a table. */
export type Rights = ReadonlyMap<string, Readonly<Record<Holder, ReadonlySet<string>>>>

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8')

/** The table of docs/security.md whose first column has this title. */
export function rightsIn(title: string, actions: readonly string[]): Rights {
  const [head = [], ...rows] = tableOf(title)
  if (head.slice(1).join() !== HOLDERS.join()) throw new Error(`the columns of ${title} are ${head.join(', ')}`)
  return new Map(
    rows.map(([name = '', ...cells]) => {
      const rights = {} as Record<Holder, ReadonlySet<string>>
      for (const [at, holder] of HOLDERS.entries()) rights[holder] = new Set(actionsIn(cells[at] ?? '', actions))
      return [plain(name), rights] as const
    }),
  )
}

/** The addresses that each right opens. */
export function addressesIn(title: string): Map<string, string[]> {
  return new Map(
    tableOf(title)
      .slice(1)
      .map(([right = '', addresses = '']) => {
        const all = [...addresses.matchAll(/`([^`]+)`/g)].map(([, address]) => address!).sort()
        return [plain(right), all] as const
      }),
  )
}

/** Header and rows, without the separator line. */
function tableOf(title: string): string[][] {
  const lines = PAGE.split('\n')
  const start = lines.findIndex((line) => cellsOf(line)[0] === title)
  if (start < 0) throw new Error(`docs/security.md has no table of ${title}`)
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'))
  return lines
    .slice(start, end)
    .map(cellsOf)
    .filter(([first]) => !/^-+$/.test(first!))
}

function cellsOf(line: string): string[] {
  return line.startsWith('|')
    ? line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    : []
}

function actionsIn(cell: string, actions: readonly string[]): readonly string[] {
  if (cell === '–') return []
  if (cell === 'all') return actions
  const named = cell.split(', ')
  const unknown = named.find((action) => !actions.includes(action))
  if (unknown !== undefined) throw new Error(`docs/security.md says "${unknown}", which is none of ${actions.join()}`)
  return named
}

function plain(cell: string): string {
  return cell.replaceAll('`', '')
}
