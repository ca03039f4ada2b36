/** A host process for tests to kill: it runs one piece of work, then stays or exits. */
import { once } from 'node:events'
import type { Work } from '@cairn/records'
import { inProcess } from './in-process.ts'
import { processPool } from './pool.ts'

export interface HostOrder {
  readonly where: 'in a pool' | 'here'
  readonly root: string
  /** If absent, a worker process is only started. */
  readonly work?: Omit<Work, 'open'>
  /** Whether the host stays alive after the work. */
  readonly stay: boolean
}

const [{ where, root, work, stay }] = (await once(process, 'message')) as [HostOrder]
const remember = (_: string, make: () => Promise<string>) => make()
const options = { root, scratch: () => root, secrets: () => undefined, remember }
const pool = processPool({ ...options, size: 1 })
const compute = where === 'here' ? inProcess({ ...options, live: new Map() }) : pool
if (stay) setInterval(() => {}, 1_000)
if (!work) pool.warm()
else {
  const open = () => Promise.reject(new Error('nothing is to be opened'))
  for await (const result of compute.run({ ...work, open }, new AbortController().signal)) process.send!(result)
}
process.send!('done')
