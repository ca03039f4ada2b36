import { existsSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProject } from '@cairn/workspace'
import { CairnError, suggest } from '@cairn/kernel'
import { logLine } from '../local/log-line.ts'
import { Stack } from '../local/stack.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { printRunLogs } from '../run-logs.ts'
import { printData, safeLine } from '../terminal/print.ts'

interface Options {
  readonly follow?: boolean
  readonly lines?: number
}

/** Services that do not depend on the pipelines. */
const OF_EVERY_STACK: ReadonlySet<string> = new Set(['control', 'kafka', 'minio'])
const POLL_MS = 200
/** Default number of lines for each service. */
const LAST_LINES = 20

/** `cairn logs`: prints the output of a run's steps, or the logs of the services of this machine. */
export default async function logs(
  wanted: string | undefined,
  { follow, lines }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { project: folder = process.cwd(), json = false, ...globals } = command.optsWithGlobals()
  const stack = new Stack(findProject(folder).root)
  const names = stack.services.map(({ name }) => name)
  const chosen = names.filter((name) => wanted === undefined || name === wanted || name.startsWith(`${wanted}/`))
  const isOfServices = names.length > 0 || wanted === undefined || OF_EVERY_STACK.has(wanted)
  if (wanted !== undefined && chosen.length === 0 && (wanted.includes('/') || !isOfServices)) {
    const workspace = await openWorkspace({ project: folder, ...globals })
    return printRunLogs(workspace, wanted, { follow, lines, json })
  }
  if (chosen.length === 0)
    throw new CairnError(
      'NOT_FOUND',
      names.length === 0 ? 'no services have been started on this machine' : `there is no service "${wanted}"`,
      {
        next: wanted === undefined || names.length === 0 ? 'cairn up' : suggest(wanted, names),
      },
    )
  const tails = chosen.map((name) => new Tail(name, stack.log(name)))
  const print = (name: string, line: string) => printData(json ? line : safeLine(logLine(name, line), true))
  for (const tail of tails) for (const line of (await tail.more()).slice(-(lines ?? LAST_LINES))) print(tail.name, line)
  while (follow) {
    for (const tail of tails) for (const line of await tail.more()) print(tail.name, line)
    await sleep(POLL_MS)
  }
}

/** Complete lines that were added to a file since the last call. */
class Tail {
  readonly name: string
  readonly #file: string
  #at = 0
  #rest = ''

  constructor(name: string, file: string) {
    this.name = name
    this.#file = file
  }

  async more(): Promise<string[]> {
    if (!existsSync(this.#file)) return []
    const { size } = await stat(this.#file)
    if (size <= this.#at) return []
    const file = await open(this.#file)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - this.#at), 0, size - this.#at, this.#at)
      this.#at += bytesRead
      const lines = (this.#rest + buffer.subarray(0, bytesRead).toString()).split('\n')
      this.#rest = lines.pop()!
      return lines
    } finally {
      await file.close()
    }
  }
}
