import { readdirSync, readFileSync } from 'node:fs'
import { processName } from '@cairn/drivers/process-id'

/** An environment variable that marks all processes of a stack, however they were started. */
const MARK = 'CAIRN_SERVICE'

export interface Marked {
  readonly process: string
  readonly service: string
  readonly version: string
}

export function markOf(folder: string, service: string, version: string): Readonly<Record<string, string>> {
  return { [MARK]: JSON.stringify([folder, service, version]) }
}

/** Processes of a stack and their children, oldest first. Only works on Linux; empty elsewhere. */
export function markedProcesses(folder: string): Marked[] {
  const found = processIds().flatMap((pid) => {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      const mark = variables.find((variable) => variable.startsWith(`${MARK}=`))
      if (mark === undefined) return []
      const [of, service, version] = JSON.parse(mark.slice(MARK.length + 1)) as string[]
      return of === folder ? [{ process: processName(pid), service: service!, version: version! }] : []
    } catch {
      return [] // the process has just ended, or belongs to another user
    }
  })
  return found.sort((one, other) => startOf(one) - startOf(other))
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
  } catch {
    return []
  }
}

function startOf({ process }: Marked): number {
  return Number(process.split('/')[2]!.split('.')[0])
}
