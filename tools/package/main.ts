// npm run pack [-- <folder>]: builds the packages that users install, as tarballs.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOT } from '../setup/bundle.ts'
import { buildPackage } from './build.ts'
import { emitDeclarations } from './declarations.ts'
import { PUBLISHED } from './packages.ts'

const out = resolve(process.argv[2] ?? join(ROOT, 'dist'))
mkdirSync(out, { recursive: true })
emitDeclarations()
for (const published of PUBLISHED) {
  const folder = join(out, published.name)
  await buildPackage(published, folder)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const packed = execFileSync(npm, ['pack', folder, '--pack-destination', out, '--json', '--loglevel', 'error'], {
    cwd: out,
  })
  const [{ filename, size, unpackedSize }] = JSON.parse(packed.toString()) as [
    { filename: string; size: number; unpackedSize: number },
  ]
  console.log(`${filename}  ${(size / 1e6).toFixed(2)} MB, installed ${(unpackedSize / 1e6).toFixed(2)} MB`)
}
