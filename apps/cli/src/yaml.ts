import { CairnError } from '@cairn/kernel'
import { refuseInexact } from '@cairn/kernel/contract'
import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type Scalar } from 'yaml'

/** Maximum number of values after expanding aliases: a few lines can expand to billions. */
const MAX_VALUES = 100_000

/**
 * Reads YAML 1.2, core schema (https://yaml.org/spec/1.2.2/#103-core-schema): `no`, `on` and `2001-01-01` are texts.
 * Refuses what other parsers read differently, or what would be lost: duplicate keys, tags, merge keys, numbers with
 * leading zeros, numbers that cannot be held exactly.
 *
 * @param where the file, for error messages
 * @throws CairnError BAD_PARAMETER
 */
export function parseYaml(text: string, where: string): unknown {
  const document = parsed(text)
  const { version } = document.directives.yaml
  if (version !== '1.2')
    throw refused(where, `%YAML ${version} is not supported`, 'remove that line: the file is read as YAML 1.2')
  const [fault] = [...document.errors, ...document.warnings]
  if (fault?.code === 'MULTIPLE_DOCS') throw refused(where, 'it holds several documents', 'keep one of them')
  if (fault) throw refused(where, fault.message.split('\n')[0]!.replace(/:$/, ''), 'correct it, or write it as JSON')
  return document.contents === null ? null : valueOf(document.contents, { document, where, open: new Set(), made: 0 })
}

function parsed(text: string): Document.Parsed {
  return parseDocument(text, {
    version: '1.2',
    schema: 'core',
    stringKeys: true,
    resolveKnownTags: false,
    merge: false,
  })
}

interface Reading {
  readonly document: Document.Parsed
  readonly where: string
  /** Values that are being read, which an alias inside must not name. */
  readonly open: Set<Node>
  made: number
}

function valueOf(node: Node, reading: Reading): unknown {
  const { document, where, open } = reading
  if (node.tag !== undefined)
    throw refused(where, `tags such as ${tagOf(node.tag)} are not supported`, 'remove the tag; put text in quotes')
  if (++reading.made > MAX_VALUES)
    throw refused(where, `its aliases expand to more than ${MAX_VALUES} values`, 'write the values out')
  if (isScalar(node)) return scalarOf(node, where)
  if (isAlias(node)) {
    const named = node.resolve(document)
    if (!named)
      throw refused(
        where,
        `there is no anchor &${node.source} before *${node.source}`,
        'define the anchor first, or write the value out',
      )
    if (open.has(named))
      throw refused(where, `the alias *${node.source} refers to a value that contains it`, 'write the value out')
    return valueOf(named, reading)
  }
  open.add(node)
  const value = isSeq(node)
    ? node.items.map((item) => valueOf(item as Node, reading))
    : isMap(node)
      ? Object.fromEntries(
          node.items.map(({ key, value }) => [keyOf(key as Scalar, where), valueOf(value as Node, reading)]),
        )
      : undefined
  open.delete(node)
  return value
}

/** The tag as written: `!!str`. */
function tagOf(tag: string): string {
  return tag.replace('tag:yaml.org,2002:', '!!')
}

function keyOf(key: Scalar, where: string): string {
  if (key.tag !== undefined) throw refused(where, `tags such as ${tagOf(key.tag)} are not supported`, 'remove the tag')
  if (key.value !== '<<' || key.type !== 'PLAIN') return String(key.value)
  throw refused(where, 'YAML 1.2 has no merge key <<', 'write the merged values out, or quote "<<" to use it as a key')
}

function scalarOf({ value, source = '' }: Scalar, where: string): unknown {
  if (typeof value !== 'number') return value
  if (!Number.isFinite(value) && /\.(inf|nan)$/i.test(source))
    throw refused(where, `${source} cannot be a parameter`, 'use a finite number')
  if (/^[+-]?0\d/.test(source))
    throw refused(
      where,
      `${source} means ${value} here, but another number in YAML 1.1`,
      `write "${source}" for the text, or ${value} for the number`,
    )
  if (/^0[xo]/.test(source)) refuseInexact(String(BigInt(source)), value, where)
  else refuseInexact(source, value, where)
  return value
}

function refused(where: string, what: string, next: string): CairnError {
  return new CairnError('BAD_PARAMETER', `${where}: ${what}`, { next })
}
