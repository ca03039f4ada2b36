/** An error for the user, with what to do next. */
export class Refusal extends Error {
  readonly next: string

  constructor(message: string, next: string) {
    super(message)
    this.next = next
  }
}

export function refuse(message: string, next: string): never {
  throw new Refusal(message, next)
}
