import type { Layout } from './layout.ts'
import type { ArtifactStore } from './ports.ts'

/** Returns the local file of an object, also of one in the trash; undefined when it is in neither place. */
export async function fetchObject(
  store: Pick<ArtifactStore, 'fetch'>,
  at: Layout,
  digest: string,
): Promise<string | undefined> {
  for (const path of placesOf(at, digest)) {
    const file = await store.fetch(path)
    if (file !== undefined) return file
  }
  return undefined
}

/** Returns the size of an object, also of one in the trash; undefined when it is in neither place. */
export async function statObject(
  store: Pick<ArtifactStore, 'stat'>,
  at: Layout,
  digest: string,
): ReturnType<ArtifactStore['stat']> {
  for (const path of placesOf(at, digest)) {
    const found = await store.stat(path)
    if (found) return found
  }
  return undefined
}

/** Its own place comes twice, because a run that needs an object in the trash moves it back there. */
function placesOf(at: Layout, digest: string): string[] {
  return [at.object(digest), at.trash(digest), at.object(digest)]
}
