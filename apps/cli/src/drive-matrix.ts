import type { Lab, Leaderboard, MatrixOptions } from '@cairn/explore'
import { gridOf } from './changes.ts'
import { EXIT, SIGNALS } from './fail.ts'
import { printNotes } from './terminal/print.ts'

export interface MatrixEnd {
  readonly board: Leaderboard
  readonly exitCode: number
}

/** Runs every combination of values. A signal stops the running variants; ended ones are ranked. */
export async function driveMatrix(
  lab: Lab,
  grid: readonly string[],
  options: Omit<MatrixOptions, 'signal'>,
): Promise<MatrixEnd> {
  const stopping = new AbortController()
  let code: number | undefined
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const stop = () => {
      if (code !== undefined) return
      code = SIGNALS[signal]
      printNotes('stopping; finished steps are kept')
      stopping.abort()
    }
    process.on(signal, stop)
    return () => process.off(signal, stop)
  })
  try {
    const board = await lab.matrix(gridOf(lab, grid), { ...options, signal: stopping.signal })
    const hasFailed = board.variants.some(({ error }) => error !== undefined)
    return { board, exitCode: code ?? (hasFailed ? EXIT.error : EXIT.ok) }
  } finally {
    for (const off of listeners) off()
  }
}
