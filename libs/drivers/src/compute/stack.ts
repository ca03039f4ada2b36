import { isAbsolute, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const MAP = '//# sourceMappingURL=data:application/json;base64,'

/** Files of the closures that have been loaded here. */
const sourcesLoaded = new Set<string>()

/** A stored closure whose source map says where in the project its sources are, not beside the closure. */
export function withSourcesIn(root: string, code: string): string {
  const at = code.lastIndexOf(MAP)
  if (at === -1) return code
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
  const lines = stack.split('\n').map((text) => ({ text, file: fileOf(text) }))
  const isOwn = ({ file }: { readonly file: string | undefined }) =>
    file !== undefined &&
    (sourcesLoaded.size > 0
      ? sourcesLoaded.has(file)
      : file.startsWith(inside) && !file.includes(`${sep}node_modules${sep}`))
  const last = lines.findLastIndex(isOwn)
  if (last === -1) return undefined
  return lines
    .slice(0, last + 1)
    .filter(({ file }) => file === undefined || !isAbsolute(file) || file.startsWith(inside))
    .map(({ text, file }) =>
      file === undefined
        ? text
        : text.replace(FRAME, (_, at: string, __, place: string) => at + file.replace(inside, '') + place),
    )
    .join('\n')
}

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
