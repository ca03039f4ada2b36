/**
 * The raw cost of keeping results: for each, hash its bytes, write them aside, move them into place.
 * `files.ts <folder> <count> <bytes>`
 */
import { hash } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, count, bytes] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])]
mkdirSync(folder, { recursive: true })
const record = Buffer.alloc(bytes, 'x')
for (let index = 0; index < count; index++) {
  record.writeInt32LE(index, 0)
  const aside = join(folder, 'aside')
  writeFileSync(aside, record)
  renameSync(aside, join(folder, hash('sha256', record)))
}
