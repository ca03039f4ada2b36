import { expect, it } from 'vitest'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import type { Compute, Work } from '@cairn/records'
import { items, settle, Workshop } from './compute.fixture.ts'
import { HostHealth, withHostChecks } from './host-health.ts'

const ref = { digest: 'd', size: 1 } as ArtifactRef
const outputs = {}
const ownError = { code: 'STEP_FAILED', name: 'Error', message: 'its own' } as const

/** Runs bodies that open an input: the first succeeds, with or without it, and the second fails. */
function opening(handles: boolean): Compute {
  return {
    async *run({ open }: Work) {
      const failed = await open(ref).then(
        () => false,
        () => true,
      )
      if (!handles) return yield { index: 0, ms: 0, error: ownError }
      if (failed) yield { index: 0, ms: 0, outputs }
      yield { index: 1, ms: 0, error: ownError }
    },
  }
}
const away = () => Promise.reject(new CairnError('STORE_FAILED', 'the store is away'))

it('throws the error of a fetch behind the error of a body, so that another host does the work', async () => {
  const shop = new Workshop()
  const compute = withHostChecks(opening(false), { folder: shop.root })
  await expect(settle(compute, shop.work({ inline: true }, { open: away }))).rejects.toMatchObject({
    code: 'STORE_FAILED',
  })
  await shop.remove()
})

it('returns the error of a body if a body before it has handled the error of a fetch', async () => {
  const shop = new Workshop()
  const compute = withHostChecks(opening(true), { folder: shop.root })
  expect(await settle(compute, shop.work({ inline: true }, { items: items(2), open: away }))).toEqual([
    { outputs: {} },
    { error: ownError },
  ])
  await shop.remove()
})

it('a host whose local copies cannot be deleted is judged by its disk', async () => {
  const shop = new Workshop()
  const readOnly = () => Promise.reject(Object.assign(new Error('read-only file system'), { code: 'EROFS' }))
  const copies = { hold: () => () => {}, makeRoom: readOnly, evict: readOnly, diskSize: async () => 1e9 }
  expect(await new HostHealth(shop.folder('scratch'), copies).check()).toBeUndefined()
  await shop.remove()
})
