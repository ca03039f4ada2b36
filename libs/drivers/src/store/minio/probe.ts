import { randomUUID } from 'node:crypto'
import { CairnError } from '@cairn/kernel'
import type { ArtifactStore } from '@cairn/records'

const RACERS = 64
/** A process that is killed during a probe leaves its record behind. No probe takes this long. */
const LEFT_MS = 10 * 60_000

/**
 * Checks that conditional writes work: exactly one of many concurrent writers must succeed. Also removes records of
 * probes that were killed.
 *
 * @throws CairnError STORE_FAILED if they do not
 */
export async function probeWrites(store: ArtifactStore, where: string): Promise<void> {
  const path = `probe/${randomUUID()}`
  const race = async (write: (bytes: Buffer) => Promise<boolean>, name: string) => {
    const created = await Promise.all(Array.from({ length: RACERS }, (_, index) => write(Buffer.from(name + index))))
    const won = created.flatMap((first, index) => (first ? [name + index] : []))
    const stored = await store.read(path)
    if (won.length === 1 && stored?.toString() === won[0]) return stored
    throw new CairnError(
      'STORE_FAILED',
      `${where} does not honour conditional writes: ${RACERS} concurrent requests to ${name} the same record, ` +
        `and ${won.length} of them succeeded`,
      { next: 'use MinIO, or another S3 server whose PUT honours If-None-Match and If-Match' },
    )
  }
  const created = await race((bytes) => store.create(path, bytes), 'create')
  await race((bytes) => store.replace(path, created, bytes), 'replace')
  await removeLeft(store, path)
  await store.remove(path)
}

/**
 * Removes records of killed probes. Compares only times of the server, because the clock of this machine may be wrong.
 */
async function removeLeft(store: ArtifactStore, own: string): Promise<void> {
  const now = (await store.stat(own))?.modified
  if (now === undefined) return
  for await (const { path, modified } of store.list('probe/'))
    if (path !== own && now - modified > LEFT_MS) await store.remove(path)
}
