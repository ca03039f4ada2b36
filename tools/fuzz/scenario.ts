/** Commands to run on a project, and what must be true of their results. */
export interface Scenario {
  readonly kind: string
  /** Whether to run the built command line, not its sources in a worker's process. */
  readonly built?: true
  /** Files of the project, by path; bytes are in base64 if the text begins with `base64:`. */
  readonly files: Readonly<Record<string, string>>
  /** Run once for all scenarios that begin with the same commands and files, which then copy the store. */
  readonly before?: readonly Command[]
  readonly commands: readonly Command[]
  /** Damage to the store before a command, by the command's number. */
  readonly damage?: Readonly<Record<number, Damage>>
}

export interface Command {
  readonly words: readonly string[]
  /** The output contains this, unless the command fails. */
  readonly gives?: string
  /** The command fails, and its error contains this. */
  readonly refusedAt?: string
}

/** Damage to a file of the store. Numbers choose the file and the position in it from those that exist by then. */
export interface Damage {
  readonly how: 'truncate' | 'flip' | 'empty' | 'replace' | 'delete' | 'folder' | 'add' | 'swap'
  readonly file: number
  readonly at: number
  readonly text: string
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Returns the bytes of a project's file. */
export function bytesOf(text: string): Uint8Array {
  return text.startsWith('base64:') ? Buffer.from(text.slice('base64:'.length), 'base64') : Buffer.from(text)
}

export function asBytes(bytes: Uint8Array): string {
  return `base64:${Buffer.from(bytes).toString('base64')}`
}
