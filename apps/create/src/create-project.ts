import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { refuse } from './refusal.ts'

/** Beside `src` in this repository, and beside `dist` in the package. */
const TEMPLATE = fileURLToPath(new URL('../template/', import.meta.url))
const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version

/** Lists the files that {@link createProject} would write, relative to the current folder. */
export function plannedFiles(folder: string): string[] {
  return templateFiles().map((file) => shownPath(folder, file))
}

/**
 * Writes the files of a new project. Existing files are never changed.
 *
 * @returns the files, relative to the current folder
 * @throws Refusal when the folder has one of the files, or is a file itself
 */
export function createProject(folder: string): string[] {
  const root = resolve(folder)
  if (statSync(root, { throwIfNoEntry: false })?.isFile()) refuse(`${folder} is a file`, 'choose another folder')
  const files = templateFiles()
  const taken = files.find((file) => existsSync(join(root, placeOf(file))))
  if (taken !== undefined) refuse(`${shownPath(folder, taken)} already exists`, 'choose an empty folder')
  for (const file of files) {
    const target = join(root, placeOf(file))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, filled(readFileSync(join(TEMPLATE, file), 'utf8'), root))
  }
  return files.map((file) => shownPath(folder, file))
}

function templateFiles(): string[] {
  return readdirSync(TEMPLATE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(TEMPLATE, join(entry.parentPath, entry.name)))
    .toSorted()
}

/** npm leaves files such as `.gitignore` out of packages, so their names begin with `_` in the template. */
function placeOf(file: string): string {
  return file
    .split(sep)
    .map((part) => part.replace(/^_/, '.'))
    .join(sep)
}

function shownPath(folder: string, file: string): string {
  return join(folder, placeOf(file))
}

function filled(text: string, root: string): string {
  return text.replaceAll('{{name}}', packageName(root)).replaceAll('{{version}}', VERSION)
}

/** A name that npm accepts, from the name of the folder. */
function packageName(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .replace(/-+$/, '')
  return name || 'pipelines'
}
