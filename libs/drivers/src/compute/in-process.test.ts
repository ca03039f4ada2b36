import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CairnError, step, type Kind } from '@cairn/kernel'
import type { ItemResult, Work } from '@cairn/records'
import { items, only, settle, Workshop } from './compute.fixture.ts'
import { computeSuite } from './compute.suite.ts'
import { inProcess } from './in-process.ts'

computeSuite('the host process', (options) => inProcess({ ...options, live: new Map() }))

const text: Kind<string> = {
  name: 'text',
  version: 1,
  schema: {},
  encode: (value) => ({ bytes: Buffer.from(value) }),
  decode: async (artifact) => Buffer.from(await artifact.bytes()).toString(),
}

describe('computing in the host process', () => {
  let shop: Workshop
  beforeEach(() => (shop = new Workshop()))
  afterEach(() => shop.remove())

  it('imports packages of the project from the folders in the manifest', async () => {
    const code = shop.codeWithPackages()
    const { open: _, ...work } = shop.work(code)
    // In a process of its own, because Vitest's loader resolves imports differently.
    const child = shop.host({ where: 'here', root: shop.folder('project'), work, stay: false })
    const [result] = (await once(child, 'message')) as [ItemResult]
    expect(result).toMatchObject({ outputs: { out: { ref: { text: 'red and round' } } } })
  })

  describe('a step that has no stored code', () => {
    const greet = step('greet', { outputs: { out: text }, run: () => ({ out: 'hello' }) })
    const fail = step('fail', {
      outputs: { out: text },
      catch: ({ message }) => ({ out: `caught: ${message}` }),
      run: (): { out: string } => {
        throw new Error('no')
      },
    })
    const live = new Map([greet, fail].map((known) => [known.name, known]))
    const inline = (name: string, asked: Partial<Work> = {}) =>
      only(inProcess({ ...shop.options, live }), shop.work({ inline: true }, { step: name, ...asked }))

    it('runs from its definition in memory', async () => {
      expect(await inline('greet')).toBe('hello')
      await expect(inline('fail')).rejects.toMatchObject({ code: 'STEP_FAILED', message: 'no' })
    })

    it('uses its own fallback', async () => {
      const error = { code: 'STEP_FAILED', name: 'Error', message: 'no' } as const
      const caught = { fallback: { inline: true }, items: [{ ...items(1)[0]!, error }] } as const
      expect(await inline('fail', caught)).toBe('caught: no')
    })

    it('is refused if this process does not have its definition', async () => {
      await expect(inline('strange')).rejects.toMatchObject({
        code: 'BAD_DEFINITION',
        message: 'strange has no stored code, and this process does not have its definition',
        next: 'export the step at module level',
      })
    })
  })

  it('does not start a body whose run was cancelled while its code was loading', async () => {
    const compute = inProcess({ ...shop.options, live: new Map() })
    const code = shop.code('() => (note("began"), new Promise(() => setInterval(() => {}, 1000)))', {
      before: `note('loading'); await written('go')`,
    })
    const cancel = new AbortController()
    const settling = settle(compute, shop.work(code), cancel.signal)
    await shop.written('loading')
    cancel.abort(new CairnError('CANCELLED', 'run run-1 was cancelled'))
    shop.write('go', '')
    expect(await settling).toEqual([{ error: expect.objectContaining({ code: 'CANCELLED' }) }])
    expect(shop.lines('began')).toEqual([])
  })

  it('lets the event loop run between bodies, however many there are', async () => {
    const compute = inProcess({ ...shop.options, live: new Map() })
    const code = shop.code(
      '() => { const until = performance.now() + 5; while (performance.now() < until); return { out: "" } }',
    )
    await only(compute, shop.work(code))
    let before = true
    let turns = 0
    const turn = () => {
      turns++
      if (before) setImmediate(turn)
    }
    turn()
    await settle(compute, shop.work(code, { items: items(40) })).finally(() => (before = false))
    expect(turns).toBeGreaterThan(2)
  })
})
