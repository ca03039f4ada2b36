import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { importSource } from '@cairn/workspace'
import { CairnError, isStep, suggest, type Step } from '@cairn/kernel'
import { whyNoFile } from '@cairn/files'

/** A step that a file exports as a replacement of another one. */
export interface StepFile {
  readonly step: Step
  /** The absolute path of the file. */
  readonly file: string
}

/**
 * Finds the step that `<file>` or `<file>#<export>` identifies: the export of that name, or else the step with the same
 * name as the replaced one, or else the only step.
 *
 * @param replaced the name of the replaced step
 * @param folders `folder` is what the path is relative to, by default the current one; `root` is the project's folder
 */
export async function stepOfFile(
  path: string,
  replaced: string,
  { folder = process.cwd(), root = folder }: { readonly folder?: string; readonly root?: string } = {},
): Promise<StepFile> {
  const [name = '', wanted] = path.split('#')
  const file = resolve(folder, name)
  const found = statSync(file, { throwIfNoEntry: false })
  const reason = found ? whyNoFile(found) : 'it does not exist'
  if (reason !== undefined)
    throw new CairnError('NOT_FOUND', `${name}, the replacement of ${replaced}, cannot be read: ${reason}`, {
      next: `name a file that exports a step: --swap ${replaced}=./steps.ts`,
    })
  const exports = await importSource(file, root)
  const steps = new Map(Object.entries(exports).filter((entry): entry is [string, Step] => isStep(entry[1])))
  const all = [...steps.values()]
  const called = new Set(all.filter((each) => each.name === replaced))
  if (wanted === undefined && called.size > 1)
    throw new CairnError('BAD_DEFINITION', `${file} exports ${called.size} steps named "${replaced}"`, {
      next: `choose one: --swap ${replaced}=${name}#<export>`,
    })
  const step =
    wanted === undefined
      ? (all.find((each) => each.name === replaced) ?? (all.length === 1 ? all[0] : undefined))
      : steps.get(wanted)
  if (step) return { step, file }
  const [first] = steps.keys()
  if (first === undefined)
    throw new CairnError('NOT_FOUND', `${file} exports no step`, { next: 'export a step: export const … = step(…)' })
  throw new CairnError(
    'NOT_FOUND',
    wanted === undefined ? `${file} exports ${all.length} steps` : `${file} exports no step "${wanted}"`,
    { next: `${suggest(wanted ?? replaced, steps.keys())}: --swap ${replaced}=${name}#${first}` },
  )
}
