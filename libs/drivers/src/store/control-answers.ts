import { CairnError } from '@cairn/kernel'
import { shapes, type StoredStat } from '@cairn/records'

/** The shape of a response of control, as far as a store needs it. Its OpenAPI document has all of it. */
interface ResponseShape<Value> {
  readonly shape: shapes.Shape
  /** Only carries the type. */
  readonly value?: Value
}
const { list, number, object, text, truth } = shapes

/** An error response: problem details of RFC 9457, with Cairn's code. */
export interface Problem {
  readonly code: string
  readonly detail: string
  readonly next?: string
}
export const problem: ResponseShape<Problem> = { shape: object({ code: text, detail: text }, { next: text }) }
export const created: ResponseShape<{ readonly created: boolean }> = { shape: object({ created: truth }) }
export const stored: ResponseShape<StoredStat> = { shape: object({ size: number, modified: number }) }
export const pipelines: ResponseShape<{ readonly env: string; readonly pipelines: readonly string[] }> = {
  shape: object({ env: text, pipelines: list(text) }),
}
export const names: ResponseShape<{ readonly names: readonly string[] }> = { shape: object({ names: list(text) }) }

/**
 * Reads a response of a given shape.
 *
 * @throws CairnError BUS_FAILED if it has another shape: it is not from control, or from another version
 */
export async function read<Value>(answer: Response, { shape }: ResponseShape<Value>): Promise<Value> {
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

/** Reads a response of a given shape; returns undefined if it has another one. */
export async function readIf<Value>(answer: Response, { shape }: ResponseShape<Value>): Promise<Value | undefined> {
  const value = await parsed(answer)
  return shape(value) === undefined ? (value as Value) : undefined
}

function parsed(answer: Response): Promise<unknown> {
  return answer.json().catch(() => undefined)
}
