import { refuse, TOO_DEEP } from './analyse/syntax.ts'

/**
 * Does something with code whose nesting may fill the stack: ours, or that of Node's eraser of types.
 *
 * @throws CairnError BAD_DEFINITION if it does
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
