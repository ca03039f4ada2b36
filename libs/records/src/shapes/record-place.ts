/** Record fields that must match the path. A path may be relative to the pipeline's folder. */
const PLACES: readonly [RegExp, readonly string[]][] = [
  [/^(?:([^/]+)\/([^/]+)\/)?runs\/([^/]+)\/plan$/, ['env', 'pipeline', 'run']],
  [/(?:^|\/)checkpoints\/([^/]+)\/([^/]+)$/, ['step', 'key']],
]

/**
 * Describes a record whose content contradicts its path, which means it was copied or forged; undefined when it
 * matches.
 */
export function otherPlaceOf(record: object, path: string): string | undefined {
  for (const [pattern, names] of PLACES) {
    const found = pattern.exec(path)?.slice(1)
    const wrong = found && names.find((name, at) => found[at] !== undefined && found[at] !== of(record, name))
    if (wrong !== undefined) return `it belongs to another ${wrong}: ${String(of(record, wrong))}`
  }
  return undefined
}

function of(record: object, name: string): unknown {
  return (record as Readonly<Record<string, unknown>>)[name]
}
