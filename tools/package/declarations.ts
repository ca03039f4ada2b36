import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { rolldown, type Plugin } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'
import { ROOT } from '../setup/bundle.ts'

const EMITTED = join(ROOT, 'node_modules', '.cache', 'cairn', 'declarations')

/** Emits the declarations of all packages in this repository. */
export function emitDeclarations(): void {
  rmSync(EMITTED, { recursive: true, force: true })
  const compiler = join(ROOT, 'node_modules', 'typescript-native', 'bin', 'tsc')
  execFileSync(process.execPath, [compiler, '-p', join(import.meta.dirname, 'tsconfig.json')], { stdio: 'inherit' })
}

/**
 * Bundles the declarations of what a package exports. Types that two of its modules share are declared once.
 *
 * @param entries sources, by the name of the declaration file
 * @param isExternal whether an import is of another package that users have
 */
export async function bundleDeclarations(
  entries: Readonly<Record<string, string>>,
  isExternal: (specifier: string) => boolean,
  dir: string,
): Promise<void> {
  const input = Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, declarationOf(source)]))
  const bundle = await rolldown({
    input,
    external: (id) => isExternal(id),
    plugins: [fromEmitted(isExternal), dts({ dtsOnly: true, cwd: ROOT, tsconfig: false })],
  })
  await bundle.write({ dir, format: 'esm' })
  await bundle.close()
}

function declarationOf(source: string): string {
  return join(EMITTED, relative(ROOT, resolve(ROOT, source)).replace(/\.ts$/, '.d.ts'))
}

/** Finds the emitted declarations where the sources import `.ts` files or another package. */
function fromEmitted(isExternal: (specifier: string) => boolean): Plugin {
  return {
    name: 'emitted-declarations',
    resolveId: {
      order: 'pre',
      handler: (specifier, from) => {
        if (isExternal(specifier)) return { id: specifier, external: true }
        const imported = /^@cairn\/([^/]+)(\/.*)?$/.exec(specifier)
        if (imported) return declarationOf(sourceOf(imported[1]!, `.${imported[2] ?? ''}`))
        if (from !== undefined && /^\.{1,2}\/.*(?<!\.d)\.ts$/.test(specifier))
          return resolve(dirname(from), specifier.replace(/\.ts$/, '.d.ts'))
        return undefined
      },
    },
  }
}

/** The source that a package exports under a subpath. */
function sourceOf(name: string, subpath: string): string {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'libs', name, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, string>>
  }
  return join('libs', name, exports[subpath]!)
}
