import { readFileSync, statSync } from 'node:fs'
import { CairnError, parseExactJson } from '@cairn/kernel'
import { whyNoFile } from '@cairn/files'
import type { Settings } from '@cairn/planner'
import { parseYaml } from './yaml.ts'

/**
 * Reads parameters from a file: YAML if its name ends in .yaml or .yml, else JSON.
 *
 * @throws CairnError BAD_PARAMETER for a file that is invalid or ambiguous
 */
export function readParams(path: string): Settings {
  try {
    const reason = whyUnreadable(path)
    if (reason !== undefined)
      throw new CairnError('BAD_PARAMETER', `the parameters in ${path} cannot be read: ${reason}`, {
        next: 'name a file, as in --params params.json, or use the output of a command: --params <(command)',
      })
    const text = textOf(readFileSync(path))
    const read = /\.ya?ml$/i.test(path) ? parseYaml(text, path) : parseExactJson(text, path)
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Settings
    throw new Error('it does not hold an object')
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('BAD_PARAMETER', `the parameters in ${path} cannot be read: ${(cause as Error).message}`, {
      next: 'write them as JSON, like { "year": 2001, "train-model": { "trees": 400 } }, or as YAML in a .yaml file',
      cause,
    })
  }
}

/** Reads a pipe that this process inherited, `<(command)`. Another pipe may have no writer, so reading it may never end. */
function whyUnreadable(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 'it does not exist'
  const isGiven = /^\/(dev\/(fd\/\d+|stdin)|proc\/(self|\d+)\/fd\/\d+)$/.test(path)
  return isGiven && (found.isFIFO() || found.isSocket()) ? undefined : whyNoFile(found)
}

/** Decodes UTF-8, or the encoding of a byte order mark. */
function textOf(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex')
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Error(`it is not ${encoding.toUpperCase()} text`)
  }
}
