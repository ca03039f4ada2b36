import { CairnError, type SampleSize } from '@cairn/kernel'
import { stepOfFile, type Lab } from '@cairn/explore'
import { settingsOf, typedSettings, type RequestOptions } from './open.ts'

/** Changes to a production run, as command line options. */
export type ChangeOptions = Pick<RequestOptions, 'set' | 'params' | 'from' | 'until'> & {
  readonly only?: readonly string[]
  readonly swap?: readonly string[]
  readonly sample?: readonly string[]
  readonly items?: readonly string[]
}

/** The lab with all changes of the command line. */
export async function changedBy(
  opened: Lab,
  { from = [], until = [], only = [], ...options }: ChangeOptions,
): Promise<Lab> {
  const { set, params, swap: swaps = [], sample: samples = [], items: selections = [] } = options
  const { root } = opened.session.workspace.project
  let lab = opened
  for (const swap of swaps) {
    const [named, path] = pair('swap', swap, 'extract-features=./with-weather.ts')
    const { step, file } = await stepOfFile(path, lab.stepNamed(named).name, { root })
    lab = lab.swap(named, step, file)
  }
  // Steps that were swapped in may have other parameters.
  lab = lab.settings(await settingsOf({ ...(set && { set }), params }, lab.graph))
  for (const sample of samples) {
    const [output, size] = pair('sample', sample, 'load-flights/recorded=10000')
    const [step = '', named] = output.split('/')
    lab = lab.sample(step, named ?? lab.onlyOutput(step), sizeOf(size))
  }
  for (const selection of selections) {
    const [each, which] = pair('items', selection, 'score=10')
    lab = lab.items(each, isWhole(which) ? Number(which) : which.split(',').map((named) => ({ named })))
  }
  return lab.from(...from, ...only).until(...until, ...only)
}

/** `train-model.trees=100,200` for each parameter. */
export function gridOf(lab: Lab, matrix: readonly string[]): Record<string, readonly unknown[]> {
  const { graph } = lab
  return Object.fromEntries(
    matrix.map((line): [string, readonly unknown[]] => {
      const [path, values] = pair('matrix', line, 'train-model.trees=100,200,400')
      return [path, values.split(',').map((value) => typedSettings([`${path}=${value}`], graph)[path])]
    }),
  )
}

function pair(option: string, text: string, example: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
  throw new CairnError('BAD_PARAMETER', `--${option} ${text} is incomplete`, {
    next: `write it like --${option} ${example}`,
  })
}

/** `10000`, or a share: `1%`. */
function sizeOf(text: string): SampleSize {
  const isShare = text.endsWith('%')
  const number = Number(isShare ? text.slice(0, -1) : text)
  if (isShare && number >= 0 && number <= 100) return { share: number / 100 }
  if (isWhole(text)) return { count: number }
  throw new CairnError('BAD_PARAMETER', `"${text}" must be a row count or a percentage`, {
    next: 'for example 10000 or 1%',
  })
}

function isWhole(text: string): boolean {
  return /^\d+$/.test(text)
}
