import { CairnError } from '@cairn/kernel'
import { Bundle } from 'magic-string'
import { cutModule } from './cut-module.ts'
import { compareEvaluation } from '../effect-order.ts'
import { EmittedScope } from './emitted-scope.ts'
import type { External, Links, Part } from '../link.ts'
import { isSource, type Module } from '../modules.ts'
import { nameOfFile, written, type Entity } from './names.ts'
import { pieceOf, type Piece } from './pieces.ts'
import { BODY } from '../analyse/step-call.ts'
import { loadParser } from '../analyse/syntax.ts'
import type { Root, Walk } from '../walk.ts'

/**
 * Emits a closure as one ES module, with its parts in evaluation order in one scope. A step with a literal definition
 * becomes an object with only the properties that count. Any other step is created as a whole, and the module exports
 * what its definition contains.
 *
 * @throws CairnError BAD_DEFINITION if the closure uses two installations of one package by the same specifier
 */
export async function emit({ root, parts, externals }: Walk, links: Links): Promise<string> {
  await loadParser()
  checkSpecifiers(externals.map(({ external }) => external))
  const sorted = parts.toSorted(compareEvaluation)
  const isWhole = root.of === 'value' || parts.some((part) => part.type === 'unit' && isSameUnit(part, root))
  const pieces = sorted
    .filter((part) => (part.type === 'unit' || (!isWhole && isBody(part))) && isSource(part.module))
    .map((part) => pieceOf(part, links))
  const scope = new EmittedScope(pieces, stepName(root), links)
  const tail = isWhole ? wholeStep(root, scope, links) : cutStep(root, pieces, scope)
  const carry = scope.files.size > 0 ? scope.add('carriedFiles') : undefined
  scope.nameAll(pieces.flatMap(({ globals }) => [...globals]))

  const bundle = new Bundle({ separator: '' })
  const visible = new Map<string, string>()
  for (const [module, own] of Map.groupBy(pieces, ({ part }) => part.module)) {
    const cut = cutModule(module, own, scope)
    bundle.addSource({ filename: module.path, content: cut.code })
    visible.set(module.path, cut.visible)
  }
  const code = bundle.prepend(head(sorted, scope, links, carry)).toString()
  const map = bundle.generateMap({ hires: 'boundary' })
  map.sourcesContent = map.sources.map((source) => visible.get(source) ?? null)
  map.mappings = endedAt(code, map.mappings)
  const url = Buffer.from(JSON.stringify(map)).toString('base64')
  return `${code}${tail()}//# sourceMappingURL=data:application/json;base64,${url}\n`
}

/** Marks the code after the mapped code as unmapped. Otherwise it would map to the last position before it. */
function endedAt(code: string, mappings: string): string {
  const lines = code.split('\n').length - mappings.split(';').length
  return `${mappings}${';'.repeat(lines)}${NO_PLACE}`
}
const NO_PLACE = 'A;' // without the semicolon, Node uses the position before it

type Tail = () => string

/** Exports the properties of the object that replaces the step's definition. */
function cutStep({ role }: Root, pieces: readonly Piece[], scope: EmittedScope): Tail {
  const { nodes } = pieces.find(({ part }) => isBody(part))!
  const keys = nodes.map(({ key }) => key.name as string)
  if (role === 'fallback') {
    const fallback = scope.add('fallback')
    return () => `const ${fallback.name} = ${scope.step.name}.catch;\n${exporting({ fallback })}`
  }
  const exported = Object.fromEntries(keys.map((key) => [key, scope.add(key)]))
  const taken = () => keys.map((key) => property(key, exported[key]!))
  return () => `const { ${taken().join(', ')} } = ${scope.step.name};\n${exporting(exported)}`
}

/** Exports what the step's definition contains. A body may use `this`, so it is called on the definition. */
function wholeStep({ target, role }: Root, scope: EmittedScope, links: Links): Tail {
  const step =
    'external' in target
      ? scope.import(target.external, target.external.name)
      : scope.variable(links.part(target.part.module, target.part.index), target.binding)
  const definition = () => `${step.name}.definition`
  if (role === 'fallback') {
    const fallback = scope.add('fallback')
    return () => `const ${fallback.name} = (...given) => ${definition()}.catch(...given);\n${exporting({ fallback })}`
  }
  const [inputs, outputs, reads, run] = BODY.map((key) => scope.add(key)) as [Entity, Entity, Entity, Entity]
  const taken = () => [property('inputs', inputs), property('outputs', outputs), property('reads', reads)].join(', ')
  return () =>
    `const { ${taken()} } = ${definition()};\n` +
    `const ${run.name} = (...given) => ${definition()}.run(...given);\n` +
    exporting({ inputs, outputs, reads, run })
}

function exporting(entities: Readonly<Record<string, Entity>>): string {
  const list = Object.entries(entities).map(([as, { name }]) => (name === as ? name : `${name} as ${as}`))
  return `export { ${list.join(', ')} };\n`
}

function property(key: string, { name }: Entity): string {
  return name === key ? key : `${key}: ${name}`
}

/** Code whose order does not matter: imports, JSON, and namespace objects, whose members are read lazily. */
function head(sorted: readonly Part[], scope: EmittedScope, links: Links, carry: Entity | undefined): string {
  const imports = [...scope.imports.values()]
  const effects = sorted.filter(({ type }) => type === 'effect').map((part) => ({ external: effectOf(part, links) }))
  const lines = [...imports, ...effects]
    .toSorted((a, b) => a.external.from.order - b.external.from.order || a.external.request - b.external.request)
    .map((imported) => importLine(imported.external, 'entity' in imported ? imported.entity.name : ''))
  for (const part of sorted)
    if (part.type === 'unit' && isJson(part.module) && !part.module.isFile)
      lines.push(`const ${scope.variable(part, 0).name} = JSON.parse(${JSON.stringify(part.module.text)});`)
  if (carry) lines.push(filesLine(carry, scope))
  for (const { entity, members } of scope.namespaces.values()) {
    const getters = [...members].map(([name, { name: value }]) => `  get ${written(name)}() { return ${value}; },\n`)
    lines.push(`const ${entity.name} = Object.freeze({\n  __proto__: null,\n${getters.sort().join('')}});`)
  }
  return lines.map((line) => `${line}\n`).join('')
}

/**
 * Passes the contents of the carried files to Cairn, which writes them to disk with the folders that they have in the
 * project.
 */
function filesLine(carry: Entity, { files, filesHolder }: EmittedScope): string {
  const sorted = [...files].toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const contents = Object.fromEntries(sorted.map(({ path, text }) => [path, text]))
  const given = carry.name === 'carriedFiles' ? carry.name : `carriedFiles as ${carry.name}`
  return `import { ${given} } from 'cairn';\nconst ${filesHolder.name} = ${carry.name}(${JSON.stringify(contents)});`
}

function importLine({ specifier, name, attributes }: External, local: string): string {
  const from = JSON.stringify(specifier)
  const suffix = attributes
    ? ` with { ${Object.entries(attributes)
        .map(([key, value]) => `${written(key)}: ${JSON.stringify(value)}`)
        .join(', ')} }`
    : ''
  if (name === '') return `import ${from}${suffix};`
  if (name === '*') return `import * as ${local} from ${from}${suffix};`
  const imported = name === local ? local : `${written(name)} as ${local}`
  return `import { ${imported} } from ${from}${suffix};`
}

function effectOf(part: Part, links: Links): External {
  return (links.of(part)[0]!.target as { external: External }).external
}

/**
 * In one module, a specifier can only stand for one package.
 *
 * @throws CairnError BAD_DEFINITION if it would stand for two
 */
function checkSpecifiers(externals: readonly External[]): void {
  const folders = new Map<string, External>()
  for (const external of externals) {
    const known = folders.get(external.specifier)
    folders.set(external.specifier, known ?? external)
    const [a, b] = [known?.resolved, external.resolved]
    if (a?.type !== 'package' || b.type !== 'package' || a.folder === b.folder) continue
    const { specifier } = external
    throw new CairnError(
      'BAD_DEFINITION',
      `a step uses two installations of '${specifier}': through ${known!.from.path} and through ${external.from.path}`,
      { next: `install one version of ${a.name} for both` },
    )
  }
}

function isBody({ type }: Part): boolean {
  return type === 'body' || type === 'fallback'
}

function isSameUnit({ module, index }: Part, { target }: Root): boolean {
  return 'part' in target && target.part.module === module && target.part.index === index
}

function isJson({ file }: Module): boolean {
  return file.endsWith('.json')
}

function stepName({ target }: Root): string {
  if ('external' in target) return target.external.name
  const { module, index } = target.part
  const name = module.analysis.units[index]!.names[target.binding] ?? 'default'
  return name === 'default' ? nameOfFile(module.path) : name
}
