import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'

const INSTALLED = `${sep}node_modules${sep}`

/** The licenses of the packages whose files are part of a bundle. Empty if there are none. */
export function noticesOf(files: Iterable<string>): string {
  const folders = new Set([...files].flatMap((file) => packageFolder(file) ?? []))
  const notices = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      string
    >
    return { title: `${name} ${version} (${license ?? 'see below'})`, text: licenseText(folder) }
  })
  return notices
    .toSorted((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ title, text }) => `${title}\n\n${text.trim()}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`)
}

function packageFolder(file: string): string | undefined {
  const start = file.lastIndexOf(INSTALLED) + INSTALLED.length
  if (start < INSTALLED.length) return undefined
  const folder =
    file.slice(0, start) +
    file
      .slice(start)
      .split(sep, file[start] === '@' ? 2 : 1)
      .join(sep)
  return existsSync(join(folder, 'package.json')) ? folder : undefined
}

function licenseText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.|$)/i.test(name))
  return file === undefined ? 'The package has no license file.' : readFileSync(join(folder, file), 'utf8')
}
