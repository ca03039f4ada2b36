import { readContext } from '@cairn/embedded'
import { askControl, type ControlOptions } from '@cairn/drivers/store/control'
import { CairnError, NAMES, type CairnEvent, type Plan } from '@cairn/kernel/runtime'
import { withGiven } from '../given-options.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { paint } from '../terminal/style.ts'
import { contextNamed } from './needed.ts'

/** A message that groups could not handle, as control tells of it. */
export interface Letter {
  /** `<partition>-<offset>` in its topic. */
  readonly id: string
  readonly at: number
  readonly topic: string
  readonly event?: Pick<CairnEvent, 'id' | 'type'> & { readonly run: string }
  readonly preview?: string
  readonly groups: readonly {
    readonly group: string
    readonly state: 'waiting' | 'replayed' | 'dropped'
    readonly at: number
    readonly error: { readonly code: string; readonly message: string }
  }[]
}
export interface WholeLetter extends Letter {
  /** Base64. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly value: string | null
}

/** As many as control gives at one time. */
const PAGE = 200

/** Those of a pipeline, page by page, the newest first. */
export async function* lettersOf(
  control: ControlOptions,
  pipeline: string,
  of: { readonly all?: boolean; readonly run?: string } = {},
): AsyncGenerator<Letter> {
  for (let after: string | undefined; ;) {
    const query = new URLSearchParams({
      limit: String(PAGE),
      all: String(of.all ?? false),
      ...(of.run !== undefined && { run: of.run }),
      ...(after !== undefined && { after }),
    })
    const answer = await askControl(control, `${pathOf(pipeline)}?${query.toString()}`)
    const { letters, next } = (await answer.json()) as { letters: Letter[]; next?: string }
    yield* letters
    if (next === undefined) return
    after = next
  }
}

export async function wholeLetter(control: ControlOptions, pipeline: string, id: string): Promise<WholeLetter> {
  return (await (await askControl(control, pathOf(pipeline, id))).json()) as WholeLetter
}

/** How many wait, by pipeline. */
export async function waitingLetters(control: ControlOptions): Promise<Readonly<Record<string, number>>> {
  const answer = await askControl(control, '/v1/dead-letters')
  return ((await answer.json()) as { waiting: Record<string, number> }).waiting
}

export function pathOf(pipeline: string, ...rest: string[]): string {
  return ['/v1/pipelines', pipeline, 'dead-letters', ...rest].join('/')
}

/** The control service that `--on` names, and the pipelines that are meant. */
export async function openLetters(globals: GlobalOptions, pipeline: string | undefined) {
  const on = contextNamed(globals, 'a run of this machine has no events that could be given up')
  const { project, store } = await openWorkspace(globals)
  const { control } = readContext(project.root, on)
  if (pipeline !== undefined && !NAMES.name.fits(pipeline)) throw noLetter(pipeline)
  return { on, control, pipelines: pipeline === undefined ? await store.children(`${project.env}/`) : [pipeline] }
}

/** `<pipeline>/<id>` @throws CairnError BAD_PARAMETER for what is none */
export function letterNamed(path: string): { readonly pipeline: string; readonly id: string } {
  const [pipeline = '', id = '', ...more] = path.split('/')
  if (NAMES.name.fits(pipeline) && /^\d+-\d+$/.test(id) && more.length === 0) return { pipeline, id }
  throw noLetter(path)
}

function noLetter(given: string): CairnError {
  return new CairnError(
    'BAD_PARAMETER',
    `"${given}" names no dead letter: they are named <pipeline>/<partition>-<offset>`,
    {
      next: 'cairn dead-letters list',
    },
  )
}

/** The letters that a run waits for: those of events of its own, given up by the stages of its steps. */
export async function heldUpBy(
  globals: GlobalOptions,
  { pipeline, run, steps }: Pick<Plan, 'pipeline' | 'run' | 'steps'>,
): Promise<HeldUp[]> {
  if (globals.on === undefined) return []
  const { control } = await openLetters(globals, pipeline)
  const found: HeldUp[] = []
  for await (const { id, event, groups } of lettersOf(control, pipeline, { run }))
    for (const { group, state, error } of groups)
      if (state === 'waiting' && group in steps)
        found.push({ letter: `${pipeline}/${id}`, event: event!.id, step: group, error })
  return found
}
export interface HeldUp {
  readonly letter: string
  readonly event: string
  readonly step: string
  readonly error: { readonly code: string; readonly message: string }
}

export function heldUpText({ letter, event, step, error }: HeldUp): string {
  const next = `\n  ${paint('dim', 'next')}  ${withGiven(`cairn dead-letters replay ${letter}`)}`
  return `${paint('yellow', `! ${step}`)}  has given up ${event}: ${error.message}${next}`
}
