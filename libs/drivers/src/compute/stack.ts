import { findSourceMap } from 'node:module'
import { isAbsolute, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const MAP = '//# sourceMappingURL=data:application/json;base64,'

/** Source files of the closures loaded in this process, and the stored files of these closures. */
const sourcesLoaded = new Set<string>()
const storedLoaded = new Set<string>()

/**
 * Returns the code of a stored closure with a source map that points into the project instead of next to the closure.
 * Code without a source map is returned as it is.
 */
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
 * Returns a stack trace with file names relative to the project. Drops frames below the project's own code, which show
 * how Cairn called it, and frames in files outside the project. Returns undefined if no frame is the project's own.
 */
export function projectStack(stack: string, root: string): string | undefined {
  const inside = `${root}${sep}`
  const lines = stack
    .split('\n')
    .map((line) => withoutStored(line, root))
    .map((text) => ({ text, file: fileOf(text) }))
  const isLoaded = ({ file = '' }: { readonly file: string | undefined }) => sourcesLoaded.has(file)
  // A step without stored code runs from its source file.
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

/**
 * Maps the positions at which `eval` and `new Function` were called, which Node does not do. Such a frame reads:
 * `at eval (eval at run (file:///…), <anonymous>:1:1)`
 */
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

/** Groups: the text before the file, the file as a path or URL, and the position in it. */
const FRAME = /^(\s+at (?:async )?(?:.*? \()?)((?:file:\/\/|\/|node:|[A-Za-z]:\\).*?)((?::\d+){1,2}\)?)$/

/** Returns the file that a line of a stack trace names; undefined if it names none. */
function fileOf(line: string): string | undefined {
  const place = FRAME.exec(line)?.[2]
  try {
    return place?.startsWith('file:') ? fileURLToPath(place) : place
  } catch {
    return place
  }
}
