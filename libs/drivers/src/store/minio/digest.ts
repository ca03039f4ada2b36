import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Bytes; hashing them takes some 10 ms, a thread 30 ms to start. */
const FEW = 16 << 20

/** Text, so that it is also there when everything has been bundled into one file. */
const HASH_FILE = `
  const { createHash } = require('node:crypto')
  const { openSync, readSync } = require('node:fs')
  const { parentPort, workerData } = require('node:worker_threads')
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(1 << 20)
  const file = openSync(workerData, 'r')
  for (let size; (size = readSync(file, piece)) > 0; ) hash.update(piece.subarray(0, size))
  parentPort.postMessage(hash.digest('hex'))
`

/** SHA-256 (hex) of a file; of a large one found in a thread, for a host has heartbeats to send. */
export async function digestOfFile(file: string, size: number): Promise<string> {
  if (size <= FEW)
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex')
  const worker = new Worker(HASH_FILE, { eval: true, workerData: file })
  const [digest] = (await once(worker, 'message')) as [string]
  return digest
}
