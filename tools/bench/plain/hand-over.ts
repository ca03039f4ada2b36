/** The raw cost of a hand-over: make the bytes, hash and write them; in another process read and hash them. */
import { hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const [side, file, mebibytes] = [process.argv[2], process.argv[3]!, Number(process.argv[4])]
if (side === 'write') {
  const values = new Float64Array((mebibytes << 20) / 8).fill(Math.PI)
  const bytes = new Uint8Array(values.buffer)
  writeFileSync(`${file}.sha256`, hash('sha256', bytes))
  writeFileSync(file, bytes)
} else if (hash('sha256', readFileSync(file)) !== readFileSync(`${file}.sha256`, 'utf8')) process.exit(1)
