import { spawn } from 'node:child_process'
import { CairnError, jsonText, type ErrorRecord } from '@cairn/kernel/runtime'
import type { Connection } from '@cairn/drivers/connection'
import type { RunRequest } from '@cairn/embedded'
import type { Planned } from './control.ts'

interface Order {
  readonly root: string
  readonly connection: Connection
  readonly pipeline: string
}
/** What to plan. */
export interface PlanOrder extends Order {
  readonly request: RunRequest
  readonly timeZone: string
  /** The item of a step that alone is asked for: `score/3`. */
  readonly item?: string
}
/** Whether there is such a pipeline. */
export interface ExistenceOrder extends Order {
  readonly exists: true
}
/** Of which run to look whether it may take the champion's place. */
export interface ExpectationsOrder extends Order {
  readonly run: string
  readonly champion: string
}
export type Answer<Result> = Result | { readonly error: ErrorRecord }
export type Existence = Record<string, never>
export interface Expectations {
  /** What is expected and does not hold. */
  readonly broken: readonly string[]
}

const DEADLINE_MS = 120_000

/**
 * Has the project's code run in a process of its own: as it is now, which a module once loaded is not, and nothing of it
 * in the process that holds the tokens.
 *
 * @param main the program that reads an order and prints an answer
 */
export function apart(main: string, order: PlanOrder): Promise<Planned>
export function apart(main: string, order: ExpectationsOrder): Promise<Expectations>
export function apart(main: string, order: ExistenceOrder): Promise<Existence>
export async function apart(
  main: string,
  order: PlanOrder | ExpectationsOrder | ExistenceOrder,
): Promise<Planned | Expectations | Existence> {
  // In an image, Cairn's packages lead to what was built of them by what this process was started with.
  const child = spawn(process.execPath, [...process.execArgv, main], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  child.stdin.end(jsonText(order))
  const [printed, complaints] = [collect(child.stdout), collect(child.stderr)]
  const code = await new Promise<number | null>((ended, fail) => child.on('close', ended).on('error', fail))
  if (code !== 0) throw new CairnError('STEP_CRASHED', `planning ended with ${code ?? 'a signal'}: ${await complaints}`)
  const answer = JSON.parse(await printed) as Answer<Planned | Expectations | Existence>
  if (!('error' in answer)) return answer
  const { code: kind, message, next } = answer.error
  throw new CairnError(kind, message, next === undefined ? {} : { next })
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const data of stream) text += String(data)
  return text
}
