import { readContext } from '@cairn/workspace'
import type { ControlOptions } from '@cairn/drivers/store/control'
import { CairnError } from '@cairn/kernel'
import { pipelineNames, NAMES, type Plan } from '@cairn/records'
import { withGivenOptions } from '../given-options.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { paint } from '../terminal/style.ts'
import { getFrom, type Answer } from './control-client.ts'
import { requireContext } from './context.ts'

/** A dead letter, as control describes it. */
export type Letter = Answer<typeof OF_PIPELINE>['letters'][number]
export type WholeLetter = Answer<typeof ONE>

const OF_PIPELINE = '/v1/pipelines/{pipeline}/dead-letters'
const ONE = '/v1/pipelines/{pipeline}/dead-letters/{id}'
/** The maximum page size of control. */
const PAGE = 200

/** The dead letters of a pipeline, page by page, newest first. */
export async function* lettersOf(
  control: ControlOptions,
  pipeline: string,
  of: { readonly all?: boolean; readonly run?: string } = {},
): AsyncGenerator<Letter> {
  for (let after: string | undefined; ;) {
    const query = { limit: PAGE, ...of, ...(after !== undefined && { after }) }
    const { letters, next } = await getFrom(control, OF_PIPELINE, { path: { pipeline }, query })
    yield* letters
    if (next === undefined) return
    after = next
  }
}

export function wholeLetter(control: ControlOptions, pipeline: string, id: string): Promise<WholeLetter> {
  return getFrom(control, ONE, { path: { pipeline, id } })
}

/** Numbers of waiting dead letters by pipeline. */
export async function waitingLetters(control: ControlOptions): Promise<Readonly<Record<string, number>>> {
  return (await getFrom(control, '/v1/dead-letters', {})).waiting
}

/** The control service of `--on`, and the selected pipelines. */
export async function openLetters(globals: GlobalOptions, pipeline: string | undefined) {
  const on = requireContext(globals, 'local runs have no dead letters')
  const { project, store } = await openWorkspace(globals)
  const { control } = readContext(project.root, on)
  if (pipeline !== undefined && !NAMES.name.fits(pipeline)) throw noLetter(pipeline)
  return { on, control, pipelines: pipeline === undefined ? await pipelineNames(store, project.env) : [pipeline] }
}

/** Parses `<pipeline>/<id>`. @throws CairnError BAD_PARAMETER for anything else */
export function letterNamed(path: string): { readonly pipeline: string; readonly id: string } {
  const [pipeline = '', id = '', ...more] = path.split('/')
  if (NAMES.name.fits(pipeline) && /^(stray-)?\d+-\d+$/.test(id) && more.length === 0) return { pipeline, id }
  throw noLetter(path)
}

function noLetter(given: string): CairnError {
  return new CairnError(
    'BAD_PARAMETER',
    `"${given}" is not the name of a dead letter: expected <pipeline>/<partition>-<offset>`,
    {
      next: 'cairn dead-letters list',
    },
  )
}

/** The dead letters that block a run: its events that stages gave up. */
export async function blockingLetters(
  globals: GlobalOptions,
  { pipeline, run, steps }: Pick<Plan, 'pipeline' | 'run' | 'steps'>,
): Promise<BlockingLetter[]> {
  if (globals.on === undefined) return []
  const { control } = await openLetters(globals, pipeline)
  const found: BlockingLetter[] = []
  for await (const { id, event, groups } of lettersOf(control, pipeline, { run }))
    for (const { group, state, error } of groups)
      if (state === 'waiting' && group in steps)
        found.push({ letter: `${pipeline}/${id}`, event: event!.id, step: group, error })
  return found
}
export interface BlockingLetter {
  readonly letter: string
  readonly event: string
  readonly step: string
  readonly error: { readonly code: string; readonly message: string }
}

export function blockingLetterText({ letter, event, step, error }: BlockingLetter): string {
  const next = `\n  ${paint('dim', 'next')}  ${withGivenOptions(`cairn dead-letters replay ${letter}`)}`
  return `${paint('yellow', `! ${step}`)}  gave up event ${event}: ${error.message}${next}`
}
