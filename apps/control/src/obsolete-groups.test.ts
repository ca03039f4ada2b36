import { expect, it } from 'vitest'
import { isObsoleteGroup } from './obsolete-groups.ts'

it('distinguishes groups that earlier versions left behind from groups in use', () => {
  const groups = {
    'cairn.local.control.cairn.local.chaos.few.host-12-1': true,
    'cairn.local.chaos.cairn.local.follower.host-12-1': true,
    'cairn.local.chaos.dead.read-0b5e3c6a-5c0f-4a70-9c39-5d2a8f0e6c11': true,
    'cairn.local.chaos.cairn.local.chaos.few': true, // its replacement exists
    'cairn.local.chaos.few': false,
    'cairn.local.chaos.cairn.local.chaos.many': false, // its offsets have not been taken over yet
    'cairn.local.chaos.notify.evaluate.completed': false,
    'cairn.other.control.cairn.other.chaos.few.host-12-1': false,
    'cairn.localxcontrol.cairn.local.a': false,
    'someone-elses': false,
  }
  const all = new Set(Object.keys(groups))
  expect(Object.fromEntries([...all].map((id) => [id, isObsoleteGroup('local', id, all)]))).toEqual(groups)
})
