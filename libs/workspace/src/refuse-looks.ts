import { relative } from 'node:path'
import { unheard } from '@cairn/drivers/compute'
import { findingText, misuses } from '@cairn/fingerprint'
import { CairnError } from '@cairn/kernel'
import { refuseLooksOf } from '@cairn/kernel/contract'
import { placeIn } from './import-source.ts'
import type { LoadedPipeline } from './project.ts'
import type { Workspace } from './workspace.ts'

/** @throws CairnError BAD_DEFINITION where a pipeline looks at a handle: drawn all the same, it would not be what is meant */
export async function refuseMisuses({ project, cache }: Workspace, loaded: LoadedPipeline): Promise<void> {
  const [first] = await misuses({ entry: loaded.file, root: project.root, cache })
  if (first) throw new CairnError('BAD_DEFINITION', findingText(first), { next: 'cairn lint names all such places' })
  refuseLooks(loaded, project.root)
}

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
