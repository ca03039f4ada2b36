// npm run pack [-- <folder>]: builds the packages that users install, as tarballs.
import { join, resolve } from 'node:path'
import { ROOT } from '../setup/bundle.ts'
import { packAll } from './pack.ts'

for (const { filename, size, unpackedSize } of await packAll(resolve(process.argv[2] ?? join(ROOT, 'dist'))))
  console.log(`${filename}  ${(size / 1e6).toFixed(2)} MB, installed ${(unpackedSize / 1e6).toFixed(2)} MB`)
