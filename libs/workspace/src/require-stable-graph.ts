import { relative } from 'node:path'
import { withoutOutput } from '@cairn/drivers/compute'
import { CairnError } from '@cairn/kernel'
import { requireStableGraphOf } from '@cairn/kernel/contract'
import { placeIn } from './import-source.ts'
import type { LoadedPipeline } from './project.ts'

/**
 * Refuses a pipeline whose graph changes with the values behind its handles. This finds what the analysis of the code
 * has missed.
 *
 * @throws CairnError BAD_DEFINITION with the place
 */
export function requireStableGraph({ pipeline, file }: LoadedPipeline, root: string): void {
  try {
    withoutOutput(() => requireStableGraphOf(pipeline)) // the body runs many times, and must not print each time
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    const { code, message, next, cause } = error
    const place = placeIn(cause, root) ?? `${relative(root, file)}:`
    throw new CairnError(code, `${place} in pipeline ${pipeline.name}, ${message}`, next === undefined ? {} : { next })
  }
}
