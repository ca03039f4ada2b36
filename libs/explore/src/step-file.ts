import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { importSource } from '@cairn/workspace'
import { CairnError, isStep, suggest, type Step } from '@cairn/kernel'
import { whyNoFile } from '@cairn/files'

/** A step that a file exports, to take the place of another one. */
export interface StepFile {
  readonly step: Step
  /** Absolute path. */
  readonly file: string
}

/**
 * The step that is meant by `<file>` or `<file>#<export>`: the export of that name, or else the one that has the name of
 * the step whose place it is to take, or else the only one.
 */
export async function stepOfFile(path: string, placeOf: string, folder = process.cwd()): Promise<StepFile> {
  const [name = '', wanted] = path.split('#')
  const file = resolve(folder, name)
  const found = statSync(file, { throwIfNoEntry: false })
  const reason = found ? whyNoFile(found) : 'it does not exist'
  if (reason !== undefined)
    throw new CairnError('NOT_FOUND', `${name}, which is to take the place of ${placeOf}, cannot be read: ${reason}`, {
      next: `name a file that exports a step: --swap ${placeOf}=./steps.ts`,
    })
  const exports = await importSource(file, folder)
  const steps = new Map(Object.entries(exports).filter((entry): entry is [string, Step] => isStep(entry[1])))
  const all = [...steps.values()]
  const called = new Set(all.filter((each) => each.name === placeOf))
  if (wanted === undefined && called.size > 1)
    throw new CairnError('BAD_DEFINITION', `${file} exports ${called.size} steps that are called "${placeOf}"`, {
      next: `name one: --swap ${placeOf}=${name}#<export>`,
    })
  const step =
    wanted === undefined
      ? (all.find((each) => each.name === placeOf) ?? (all.length === 1 ? all[0] : undefined))
      : steps.get(wanted)
  if (step) return { step, file }
  const [first] = steps.keys()
  if (first === undefined)
    throw new CairnError('NOT_FOUND', `${file} exports no step`, { next: 'export const … = step(…)' })
  throw new CairnError(
    'NOT_FOUND',
    wanted === undefined ? `${file} exports ${all.length} steps` : `${file} exports no step "${wanted}"`,
    { next: `${suggest(wanted ?? placeOf, steps.keys())}: --swap ${placeOf}=${name}#${first}` },
  )
}
