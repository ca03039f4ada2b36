import { CairnError } from '@cairn/kernel'
import { shapes, type StoredStat } from '@cairn/records'

/** What control says, as far as a store needs it: its OpenAPI document has all of it. */
interface Said<Value> {
  readonly shape: shapes.Shape
  /** Only for its type. */
  readonly value?: Value
}
const { list, number, object, text, truth } = shapes

/** What a request was refused with: RFC 9457, and Cairn's code. */
export interface Problem {
  readonly code: string
  readonly detail: string
  readonly next?: string
}
export const problem: Said<Problem> = { shape: object({ code: text, detail: text }, { next: text }) }
export const created: Said<{ readonly created: boolean }> = { shape: object({ created: truth }) }
export const stored: Said<StoredStat> = { shape: object({ size: number, modified: number }) }
export const pipelines: Said<{ readonly env: string; readonly pipelines: readonly string[] }> = {
  shape: object({ env: text, pipelines: list(text) }),
}
export const names: Said<{ readonly names: readonly string[] }> = { shape: object({ names: list(text) }) }

/** @throws CairnError BUS_FAILED for an answer of another shape: something else than control answers there, or a later one */
export async function read<Value>(answer: Response, { shape }: Said<Value>): Promise<Value> {
  const value = await parsed(answer)
  const fault = shape(value)
  if (fault === undefined) return value as Value
  throw new CairnError(
    'BUS_FAILED',
    `the response of ${answer.url} is invalid: ${/^[.[]/.test(fault) ? fault.replace(/^\./, 'its ') : `it${fault}`}`,
    {
      next: 'check that the URL is the control service, and that its version matches',
    },
  )
}

/** Undefined for an answer of another shape. */
export async function readIf<Value>(answer: Response, { shape }: Said<Value>): Promise<Value | undefined> {
  const value = await parsed(answer)
  return shape(value) === undefined ? (value as Value) : undefined
}

function parsed(answer: Response): Promise<unknown> {
  return answer.json().catch(() => undefined)
}
