import { findSourceMap } from 'node:module'
import { isAbsolute, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const MAP = '//# sourceMappingURL=data:application/json;base64,'

/** Files of the closures that have been loaded here, and the stored ones that these were loaded from. */
const sourcesLoaded = new Set<string>()
const storedLoaded = new Set<string>()

/** A stored closure whose source map says where in the project its sources are, not beside the closure. */
export function withSourcesIn(root: string, path: string, code: string): string {
  const at = code.lastIndexOf(MAP)
  if (at === -1) return code
  storedLoaded.add(path)
  const map = JSON.parse(Buffer.from(code.slice(at + MAP.length), 'base64').toString()) as { sources: string[] }
  const files = map.sources.map((source) => join(root, source))
  for (const file of files) sourcesLoaded.add(file)
  const json = JSON.stringify({ ...map, sources: files.map((file) => pathToFileURL(file).href) })
  return `${code.slice(0, at)}${MAP}${Buffer.from(json).toString('base64')}\n`
}

/**
 * A stack trace with files named as in the project, wherever the host has it: without what is below the project's own
 * code, how Cairn came to call it, and without files of elsewhere. Undefined when none of it is the project's own.
 */
export function inProject(stack: string, root: string): string | undefined {
  const inside = `${root}${sep}`
  const lines = stack
    .split('\n')
    .map((line) => withoutStored(line, root))
    .map((text) => ({ text, file: fileOf(text) }))
  const isLoaded = ({ file = '' }: { readonly file: string | undefined }) => sourcesLoaded.has(file)
  // A step that has no stored code runs where its source is.
  const isInside = ({ file = '' }: { readonly file: string | undefined }) =>
    file.startsWith(inside) && !file.includes(`${sep}node_modules${sep}`) && !storedLoaded.has(file)
  const loaded = lines.findLastIndex(isLoaded)
  const last = loaded === -1 ? lines.findLastIndex(isInside) : loaded
  if (last === -1) return undefined
  return lines
    .slice(0, last + 1)
    .filter(({ file }) => file === undefined || !isAbsolute(file) || file.startsWith(inside))
    .filter(({ file = '' }) => !storedLoaded.has(file))
    .map(({ text, file }) =>
      file === undefined
        ? text
        : text.replace(FRAME, (_, at: string, __, place: string) => at + file.replace(inside, '') + place),
    )
    .join('\n')
}

/** Node does not map where `eval` and `new Function` were called: `at eval (eval at run (file:///…), <anonymous>:1:1)`. */
function withoutStored(line: string, root: string): string {
  return line.replaceAll(EVAL, (whole, place: string, row: string, column: string) => {
    const path = fileOf(`    at ${place}:${row}:${column}`)
    if (path === undefined || !storedLoaded.has(path)) return whole
    const entry = findSourceMap(pathToFileURL(path).href)?.findEntry(Number(row) - 1, Number(column) - 1)
    if (!entry || !('originalSource' in entry) || entry.originalSource === undefined) return ''
    return ` (${relative(root, fileURLToPath(entry.originalSource))}:${entry.originalLine + 1}:${entry.originalColumn + 1})`
  })
}
const EVAL = / \(((?:file:\/\/|\/)[^:]*):(\d+):(\d+)\)(?=, <anonymous>)/g

/** What is called, the file as a path or a URL, and where in it. */
const FRAME = /^(\s+at (?:async )?(?:.*? \()?)((?:file:\/\/|\/|node:|[A-Za-z]:\\).*?)((?::\d+){1,2}\)?)$/

/** The file that a line of a stack trace names; undefined for a line that names none. */
function fileOf(line: string): string | undefined {
  const place = FRAME.exec(line)?.[2]
  try {
    return place?.startsWith('file:') ? fileURLToPath(place) : place
  } catch {
    return place
  }
}
