import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildPackage } from './build.ts'
import { emitDeclarations } from './declarations.ts'
import { PUBLISHED } from './packages.ts'

/** What `npm pack --json` says about a tarball. Sizes in bytes. */
export interface Tarball {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly integrity: string
  readonly shasum: string
  readonly size: number
  readonly unpackedSize: number
}

/** Builds all packages into folders below `out`, and a tarball of each in `out`. */
export async function packAll(out: string): Promise<Tarball[]> {
  mkdirSync(out, { recursive: true })
  emitDeclarations()
  const tarballs: Tarball[] = []
  for (const published of PUBLISHED) {
    const folder = join(out, published.name)
    await buildPackage(published, folder)
    tarballs.push(pack(folder, out))
  }
  return tarballs
}

function pack(folder: string, out: string): Tarball {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const args = ['pack', folder, '--pack-destination', out, '--json', '--loglevel', 'error']
  const [tarball] = JSON.parse(execFileSync(npm, args, { cwd: out }).toString()) as [Tarball]
  return tarball
}
