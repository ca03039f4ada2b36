import { randomBytes } from 'node:crypto'

/** Ids that are known before their spans are: the SDK asks for them while it starts a span. */
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
