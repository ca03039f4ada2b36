/** What is done to the command line, and what must hold of it. */
export interface Story {
  readonly kind: string
  /** By the command line as users get it, not in the process of the fuzz. */
  readonly built?: true
  /** By path within the project; bytes are in base64 where the text begins with `base64:`. */
  readonly files: Readonly<Record<string, string>>
  /** Given once for all stories that begin so: what they leave in the store is copied. */
  readonly before?: readonly Command[]
  readonly commands: readonly Command[]
  /** What is done to the store before a command, by the command's number. */
  readonly damage?: Readonly<Record<number, Damage>>
}

export interface Command {
  readonly words: readonly string[]
  /** What it prints contains this, or it is refused. */
  readonly gives?: string
  /** It is refused, and the error names this. */
  readonly refusedAt?: string
}

/** Numbers choose the file and the place in it, whatever is there by then. */
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

/** A text that a project's file has, as bytes. */
export function bytesOf(text: string): Uint8Array {
  return text.startsWith('base64:') ? Buffer.from(text.slice('base64:'.length), 'base64') : Buffer.from(text)
}

export function asBytes(bytes: Uint8Array): string {
  return `base64:${Buffer.from(bytes).toString('base64')}`
}
