/** The conditions that Node applies to every `import`. */
const OWN = ['node', 'import', 'module-sync', 'node-addons', 'default']

/** The conditions by which this process selects files of packages: those of Node, and those of `--conditions`. */
export function conditions(options = nodeOptions()): ReadonlySet<string> {
  return new Set([...OWN, ...added(options)])
}

/** The conditions of `--conditions` that a package.json uses. They determine which of its files run. */
export function conditionsAsked(manifest: object, options = nodeOptions()): string[] {
  const names = added(options)
  if (names.length === 0) return []
  const { exports, imports } = manifest as { readonly exports?: unknown; readonly imports?: unknown }
  const asked = new Set([...keysOf(exports), ...keysOf(imports)])
  return names.filter((name) => asked.has(name)).sort()
}

function added(options: readonly string[]): string[] {
  const names = options.flatMap((option, at) => {
    const [, written] = /^(?:--conditions=|-C=?)(.+)$/.exec(option) ?? []
    return written ?? (/^(--conditions|-C)$/.test(option) ? (options[at + 1] ?? []) : [])
  })
  return names.filter((name) => !OWN.includes(name))
}

function nodeOptions(): string[] {
  return [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
}

function* keysOf(target: unknown): Generator<string> {
  if (typeof target !== 'object' || target === null) return
  for (const [key, inner] of Object.entries(target)) {
    yield key
    yield* keysOf(inner)
  }
}
