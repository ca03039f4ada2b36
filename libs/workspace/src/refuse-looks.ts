import { relative } from 'node:path'
import { unheard } from '@cairn/drivers/compute'
import { CairnError } from '@cairn/kernel'
import { refuseLooksOf } from '@cairn/kernel/contract'
import { placeIn } from './import-source.ts'
import type { LoadedPipeline } from './project.ts'

/** What no analysis of the code has found: with other values in the place of its handles the pipeline is another one. */
export function refuseLooks({ pipeline, file }: LoadedPipeline, root: string): void {
  try {
    unheard(() => refuseLooksOf(pipeline)) // the body runs many times, and has said once what it says
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    const { code, message, next, cause } = error
    const place = placeIn(cause, root) ?? `${relative(root, file)}:`
    throw new CairnError(code, `${place} in pipeline ${pipeline.name}, ${message}`, next === undefined ? {} : { next })
  }
}
