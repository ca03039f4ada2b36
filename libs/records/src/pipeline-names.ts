import { NAMES } from './shapes/record-names.ts'
import type { ArtifactStore } from './ports.ts'

/** Lists the pipelines with records in an environment. Leaves out folders that others have put there. */
export async function pipelineNames(store: Pick<ArtifactStore, 'children'>, env: string): Promise<string[]> {
  return (await store.children(`${env}/`)).filter(NAMES.name.fits)
}
