import { dirname, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CairnError } from '@cairn/kernel'

/** The imports of a script: each name once, with paths relative to the script. */
export class Imports {
  readonly lines: string[] = []
  readonly #folder: string
  readonly #taken: Set<string>

  /** @param taken names that the script already uses */
  constructor(script: string, taken: readonly string[]) {
    this.#folder = dirname(script)
    this.#taken = new Set(taken)
  }

  package(name: string, from: string): void {
    this.lines.push(`import { ${name} } from '${from}'`)
  }

  /** The name of an imported value in the script. */
  async of(value: unknown, file: string): Promise<string> {
    const exports = (await import(pathToFileURL(file).href)) as Record<string, unknown>
    const [exported] = Object.entries(exports).find(([, each]) => each === value) ?? []
    if (exported === undefined)
      throw new CairnError('NOT_FOUND', `${file} no longer exports it`, { next: 'start cairn explore again' })
    const name = this.#free(exported === 'default' ? 'imported' : exported)
    const what = name === exported ? name : `${exported} as ${name}`
    this.lines.push(`import { ${what} } from ${quoted(relativePath(this.#folder, file))}`)
    return name
  }

  #free(wanted: string): string {
    let name = wanted
    for (let at = 2; this.#taken.has(name); at++) name = `${wanted}${at}`
    this.#taken.add(name)
    return name
  }
}

function relativePath(folder: string, file: string): string {
  const path = relative(folder, file).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
