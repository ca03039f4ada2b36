/** A process for the tests of the folder store, which may kill it. */
import { linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { thisProcess } from '../process-id.ts'
import { folderStore } from './folder.ts'

const [folder, task] = process.argv.slice(2) as [string, string]
const store = folderStore(folder)

if (task === 'count')
  for (let counted = 0; counted < 100;) {
    const present = (await store.read('count'))!
    if (await store.replace('count', present, Buffer.from(String(Number(Buffer.from(present).toString()) + 1))))
      counted++
  }

if (task === 'lock-and-die') {
  const held = join(folder, 'tmp', 'held')
  mkdirSync(join(folder, 'tmp'), { recursive: true })
  writeFileSync(held, thisProcess)
  linkSync(held, join(folder, 'tmp', 'lock-ref'))
}

if (task === 'write-for-ever')
  for (let index = 0; ; index++) {
    await store.create(`records/${process.pid}-${index}`, Buffer.alloc(5_000, 'r'))
    if (index % 10 === 0) await store.put(`objects/${process.pid}-${index}`, Buffer.alloc(2_000_000, 'o'))
    if (index === 10) process.send!('started')
  }
