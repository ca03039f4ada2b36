import { randomBytes } from 'node:crypto'

/** An id generator of the SDK that returns ids chosen before their spans exist. */
export class ChosenIds {
  #trace: string | undefined
  #span: string | undefined

  choose(traceId: string, spanId: string): void {
    this.#trace = traceId
    this.#span = spanId
  }

  readonly generateTraceId = (): string => this.#trace ?? randomBytes(16).toString('hex')
  readonly generateSpanId = (): string => this.#span ?? randomBytes(8).toString('hex')
}
