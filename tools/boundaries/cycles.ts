import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { filesIn, importsOf, isTestFile } from './imports.ts'

/**
 * Import cycles between files, including type imports, each as `import cycle: a -> b -> a`. Tests are left out. If cycles
 * share files, not all are listed: another may appear once one is fixed.
 */
export function findCycles(root: string): string[] {
  const files = filesIn(root, '{apps,infra,libs,tools}').filter((file) => !isTestFile(file))
  const known = new Set(files)
  const targetOf = resolver(root)
  const cycles: string[] = []
  const visited = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const start = path.indexOf(file)
    if (start >= 0) return void cycles.push(`import cycle: ${[...path.slice(start), file].join(' -> ')}`)
    if (visited.has(file)) return
    visited.add(file)
    path.push(file)
    for (const specifier of importsOf(join(root, file))) {
      const target = targetOf(file, specifier)
      if (target !== undefined && known.has(target)) visit(target)
    }
    path.pop()
  }
  for (const file of files.sort()) visit(file)
  return cycles
}

/** The project file that an import resolves to; undefined for an external package. */
function resolver(root: string): (file: string, specifier: string) => string | undefined {
  const exported = globSync('{apps,libs}/*/package.json', { cwd: root }).flatMap((manifest) => {
    const { name, exports = {} } = JSON.parse(readFileSync(join(root, manifest), 'utf8')) as {
      name: string
      exports?: Record<string, string>
    }
    return Object.entries(exports).map(([key, file]) => [name + key.slice(1), join(dirname(manifest), file)] as const)
  })
  return (file, specifier) => {
    if (specifier.startsWith('.')) return relative(root, resolve(root, dirname(file), specifier))
    for (const [name, target] of exported) {
      const [before = '', after] = name.split('*')
      if (after === undefined ? specifier === name : specifier.startsWith(before))
        return target.replace('*', specifier.slice(before.length))
    }
    return undefined
  }
}
