import type { Declaration, Manifest, PackageUse } from '@cairn/records'

/** One reason why a step's fingerprint changed. */
export interface Change {
  /** `order`: declarations are evaluated in another order. `scheme`: Cairn computes fingerprints in another way. */
  readonly what: 'declaration' | 'package' | 'node' | 'order' | 'scheme'
  readonly how: 'changed' | 'added' | 'removed'
  readonly name: string
  /** The previous name, if a declaration with another name was replaced. */
  readonly instead?: string
  readonly file?: string
  readonly line?: number
  /** Versions of a package or of Node. */
  readonly before?: string
  readonly after?: string
  /** How the step reaches it: the step's name, then paths of files. */
  readonly path: readonly string[]
}

/**
 * Lists what changed between two closures of a step; empty if their fingerprints are equal. Lists only causes: a
 * declaration that did not change, but refers to one that did, is left out.
 */
export function explain(step: string, before: Manifest, after: Manifest): Change[] {
  if (before.fingerprint === after.fingerprint) return []
  const pairs = pair(before.declarations, after.declarations)
  const changes = [
    ...declarationChanges(step, before, after, pairs),
    ...packageChanges(step, before, after),
    ...(before.node === after.node
      ? []
      : [
          {
            what: 'node',
            how: 'changed',
            name: 'Node',
            before: `${before.node}`,
            after: `${after.node}`,
            path: [step],
          } as const,
        ]),
  ]
  if (changes.length > 0) return changes
  const renamed = renames(step, before, after, pairs)
  if (renamed.length > 0) return renamed
  const isReordered = JSON.stringify(renumber(before.order, pairs)) !== JSON.stringify(renumber(after.order))
  return [{ what: isReordered ? 'order' : 'scheme', how: 'changed', name: step, path: [step] }]
}

/** Lists renamed declarations. Names count only if code reads the names of functions or classes. */
function renames(step: string, before: Manifest, after: Manifest, pairs: ReadonlyMap<number, number>): Change[] {
  return [...pairs].flatMap(([from, to]): Change[] => {
    const { name: instead } = before.declarations[from]!
    const { name, file, line } = after.declarations[to]!
    if (to === 0 || name === instead) return []
    return [{ what: 'declaration', how: 'changed', name, instead, file, line, path: pathTo(step, after, to) }]
  })
}

function renumber(order: Manifest['order'] = [], pairs?: ReadonlyMap<number, number>): number[][][] {
  const orders = order.map((groups) =>
    groups.map((group) => group.map((index) => pairs?.get(index) ?? index).sort((a, b) => a - b)),
  )
  return orders.sort((a, b) => (String(a) < String(b) ? -1 : 1))
}

/** Formats a change, for example `zscore() in stats.ts changed   (train-model -> prepare.ts -> stats.ts)`. */
export function changeText({ what, how, name, instead, file, before, after, path }: Change): string {
  const way = path.length > 1 ? `   (${path.join(' -> ')})` : ''
  switch (what) {
    case 'declaration':
      return `${name} in ${file} ${instead === undefined ? how : `replaced ${instead}`}${way}`
    case 'node':
      return `Node ${before} -> ${after}`
    case 'order':
      return `the evaluation order of the code of ${name} changed`
    case 'scheme':
      return `the fingerprint format of ${name} changed`
    case 'package':
      if (how !== 'changed') return `package ${name} ${after ?? before} ${how}${way}`
      if (before !== after) return `package ${name} ${before} -> ${after}${way}`
      return `package ${name} ${after}: its content, a patch, or a dependency changed${way}`
  }
}

function declarationChanges(
  step: string,
  before: Manifest,
  after: Manifest,
  pairs: ReadonlyMap<number, number>,
): Change[] {
  const change = (how: Change['how'], manifest: Manifest, index: number): Change => {
    const { name, file, line } = manifest.declarations[index]!
    const path = pathTo(step, manifest, index)
    return { what: 'declaration', how, name: index === 0 ? step : name, file, line, path }
  }
  const changes: Change[] = []
  for (const [from, to] of pairs) {
    const [was, is] = [before.declarations[from]!, after.declarations[to]!]
    const refs = was.refs.map((ref) =>
      ref.replace(/^\d+(?=\.\d+$)/, (index) => `${pairs.get(Number(index)) ?? 'gone'}`),
    )
    if (was.hash === is.hash && refs.join('\n') === is.refs.join('\n')) continue
    const instead = was.hash !== is.hash && was.name !== is.name && to > 0 ? { instead: was.name } : {}
    changes.push({ ...change('changed', after, to), ...instead })
  }
  const paired = new Set(pairs.values())
  for (const index of after.declarations.keys()) if (!paired.has(index)) changes.push(change('added', after, index))
  for (const index of before.declarations.keys()) if (!pairs.has(index)) changes.push(change('removed', before, index))
  return changes
}

/**
 * Maps each declaration of `before` to its counterpart in `after`, by index. Renamed and moved ones are recognised by
 * their code.
 */
function pair(before: readonly Declaration[], after: readonly Declaration[]): Map<number, number> {
  const pairs = new Map<number, number>()
  const free = new Set(after.keys())
  const add = (from: number, to: number) => {
    pairs.set(from, to)
    free.delete(to)
  }
  if (before.length > 0 && after.length > 0) add(0, 0)
  pairAlike(({ name, file, hash }) => `${hash} ${file} ${name}`)
  pairAlike(({ name, file }) => `${file} ${name}`)
  pairAlike(({ name, hash }) => `${hash} ${name}`)
  pairAlike(({ hash }) => hash)
  pairReferences()
  pairAlike(({ name }) => name)
  return pairs

  function pairAlike(likeness: (declaration: Declaration) => string): void {
    const candidates = Map.groupBy(free, (index) => likeness(after[index]!))
    for (const [from, declaration] of before.entries()) {
      const to = pairs.has(from) ? undefined : candidates.get(likeness(declaration))?.shift()
      if (to !== undefined) add(from, to)
    }
  }

  /** Declarations with the same code refer to the same things at the same positions, whatever their names are now. */
  function pairReferences(): void {
    for (const [from, to] of pairs) {
      if (before[from]!.hash !== after[to]!.hash) continue
      for (const [place, ref] of before[from]!.refs.entries()) {
        const [was, is] = [indexOf(ref), indexOf(after[to]!.refs[place]!)]
        if (was !== undefined && is !== undefined && !pairs.has(was) && free.has(is)) add(was, is)
      }
    }
  }
}

/** The index of the declaration in a reference such as `3.0`; undefined for any other reference. */
function indexOf(ref: string): number | undefined {
  return /^\d+\.\d+$/.test(ref) ? Number.parseInt(ref) : undefined
}

function packageChanges(step: string, before: Manifest, after: Manifest): Change[] {
  const changes: Change[] = []
  const was = Map.groupBy(before.packages, ({ name }) => name)
  const is = Map.groupBy(after.packages, ({ name }) => name)
  const isIn = (list: readonly PackageUse[] = [], { integrity }: PackageUse) =>
    list.some((use) => use.integrity === integrity)
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const gone = (was.get(name) ?? []).filter((use) => !isIn(is.get(name), use))
    const come = (is.get(name) ?? []).filter((use) => !isIn(was.get(name), use))
    for (let index = 0; index < Math.max(gone.length, come.length); index++) {
      const [old, now] = [gone[index], come[index]]
      changes.push({
        what: 'package',
        how: !old ? 'added' : !now ? 'removed' : 'changed',
        name,
        ...(old && { before: old.version }),
        ...(now && { after: now.version }),
        path: now ? pathTo(step, after, now.via) : pathTo(step, before, old!.via),
      })
    }
  }
  return changes
}

function pathTo(step: string, { declarations }: Manifest, index: number): string[] {
  const files: string[] = []
  for (let at = index; at >= 0; at = declarations[at]!.via) {
    const { file } = declarations[at]!
    if (files[0] !== file) files.unshift(file)
  }
  return [step, ...files.slice(1)]
}
