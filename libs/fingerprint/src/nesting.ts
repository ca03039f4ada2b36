import { refuse, TOO_DEEP } from './analyse/syntax.ts'

/**
 * Runs work on code whose nesting may overflow the stack, either in Cairn or in Node's type stripping.
 *
 * @throws CairnError BAD_DEFINITION if the stack overflows
 */
export async function withinTheStack<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const isEraser = (error as { code?: unknown } | null)?.code === 'ERR_INTERNAL_ASSERTION'
    if (!(error instanceof RangeError) && !isEraser) throw error
    throw refuse(path, TOO_DEEP)
  }
}
