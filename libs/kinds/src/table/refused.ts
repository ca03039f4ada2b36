import { CairnError } from '@cairn/kernel'

/** The paths of files that were converted, by the path of the converted file. */
export const originals = new Map<string, string>()

/** The path that people know. */
export function shownPath(path: string): string {
  return originals.get(path) ?? path
}

/** An error about a file, or about one of its lines. */
export function refused(path: string, line: number | undefined, what: string, next: string): CairnError {
  return new CairnError('STEP_FAILED', `${shownPath(path)}${line === undefined ? '' : `:${line}`} ${what}`, { next })
}
