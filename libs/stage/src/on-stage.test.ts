import { Controller } from '@nestjs/common'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StageEvent } from '@cairn/consumer'
import { pipeline, step } from '@cairn/kernel'
import type { CairnEvent } from '@cairn/records'
import { Int, openApps, type Apps } from './apps.fixture.ts'
import { OnStage } from './on-stage.ts'

const one = step('one', { outputs: { n: Int }, run: () => ({ n: 1 }) })
const two = step('two', {
  inputs: { n: Int },
  outputs: { sum: Int, product: Int },
  run: ({ n }) => ({ sum: n + n, product: n * n }),
})
const breaks = step('breaks', {
  inputs: { n: Int },
  outputs: { n: Int },
  run: () => {
    throw new Error('it always does')
  },
})
const counting = pipeline('counting', () => {
  const { n } = one({})
  return { ...two({ n }), broken: breaks({ n }).n }
})
const LISTENING = { pipeline: counting, group: 'notifier', from: 'beginning' } as const

/** What handlers have received; each test starts empty. */
let received: string[]
let handle: (event: StageEvent<typeof two>) => Promise<void>

@Controller()
class Notifier {
  @OnStage(two, 'completed')
  async notify(done: StageEvent<typeof two>): Promise<void> {
    await handle(done)
    const { sum, product } = await done.outputs()
    received.push(`${done.id} ${sum} ${product}`)
  }
}

@Controller()
class Both {
  @OnStage(one, 'completed')
  hearOne({ id }: StageEvent<typeof one>): void {
    received.push(id)
  }

  @OnStage(breaks, 'failed')
  hearFailure({ id, error }: StageEvent<typeof breaks>): void {
    received.push(`${id}: ${error!.message}`)
  }
}

@Controller()
class Twice {
  @OnStage(one, 'completed')
  first(): void {}

  @OnStage(one, 'completed')
  second(): void {}
}

@Controller()
class TwiceByGroup {
  @OnStage(one, 'completed', { group: 'first' })
  first({ id }: StageEvent<typeof one>): void {
    received.push(`first ${id}`)
  }

  @OnStage(one, 'completed', { group: 'second' })
  second({ id }: StageEvent<typeof one>): void {
    received.push(`second ${id}`)
  }
}

describe('a Nest controller', () => {
  let apps: Apps
  beforeEach(async () => {
    received = []
    handle = async () => {}
    apps = openApps()
    await apps.openStage(counting)
  })
  afterEach(() => apps.close())

  const run = async () => (await apps.start(counting)).ended
  const until = (many: number) => vi.waitUntil(() => received.length >= many, { interval: 2, timeout: 300_000 })

  it('receives the completion of a step, and reads its outputs', async () => {
    await apps.open([Notifier], LISTENING)
    await run()
    await until(1)
    expect(received).toEqual(['run-1/two/completed 2 1'])
  })

  it('receives all events that its handlers in one group subscribe to', async () => {
    await apps.open([Both], LISTENING)
    await run()
    await run()
    await until(4)
    expect(received.sort()).toEqual([
      'run-1/breaks/failed: it always does',
      'run-1/one/completed',
      'run-2/breaks/failed: it always does',
      'run-2/one/completed',
    ])
  })

  it('receives a rejected event again, until it is handled', async () => {
    const ids: string[] = []
    handle = async ({ id }) => {
      if (ids.push(id) < 3) throw new Error('not yet')
    }
    await apps.open([Notifier], LISTENING)
    await run()
    await until(1)
    expect(ids).toEqual(Array.from({ length: 3 }, () => 'run-1/two/completed'))
    await run()
    await until(2)
    expect(ids).toHaveLength(4)
  })

  it('gives up an event that its handler keeps rejecting, with the error', async () => {
    const dead: [string, unknown][] = []
    const onPoison = ({ id }: CairnEvent, error: unknown) => void dead.push([id, error])
    const refused = new Error('no letter box')
    handle = async ({ run }) => {
      if (run === 'run-1') throw refused
    }
    await apps.open([Notifier], { ...LISTENING, onPoison })
    await run()
    await run()
    await vi.waitUntil(() => received.length > 0 && dead.length > 0, { interval: 2, timeout: 300_000 })
    expect(dead).toEqual([['run-1/two/completed', refused]])
    expect(dead[0]![1]).toBe(refused)
    expect(received).toEqual(['run-2/two/completed 2 1'])
  })

  it('finishes its current work when the application closes, and accepts nothing more', async () => {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    handle = () => {
      begun.resolve()
      return goOn.promise
    }
    const app = await apps.open([Notifier], LISTENING)
    await run()
    await begun.promise
    const closed = app.close().then(() => received.push('closed'))
    await run()
    goOn.resolve()
    await closed
    expect(received).toEqual(['run-1/two/completed 2 1', 'closed'])
    await apps.open([Notifier], LISTENING)
    await until(3)
    expect(received.slice(2)).toEqual(['run-2/two/completed 2 1'])
  })

  it('may receive one event in two handlers only with separate groups', async () => {
    await expect(apps.open([Twice], LISTENING)).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      message:
        'group "notifier" has two handlers for the "completed" events of one, and each would receive only some of them',
    })
    await apps.open([TwiceByGroup], LISTENING)
    await run()
    await until(2)
    expect(received.sort()).toEqual(['first run-1/one/completed', 'second run-1/one/completed'])
  })

  it('is refused if an option of a handler or of the strategy is unknown or invalid', async () => {
    const wrong = { grup: 'alarm' } as object
    expect(() => OnStage(one, 'failed', wrong)).toThrow(
      expect.objectContaining({
        code: 'BAD_DEFINITION',
        message: `unknown option "grup" of @OnStage(one, 'failed')`,
        next: 'did you mean "group"?',
      }),
    )
    const elsewhere = { from: 'start' } as object
    await expect(apps.open([Notifier], { ...LISTENING, ...elsewhere })).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      message: 'option "from" of CairnStrategy is invalid: "start"',
    })
  })

  it('is refused without a pipeline, a group and a start position', async () => {
    await expect(apps.open([Notifier])).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      message: 'the handler of two has no pipeline, group or start position',
    })
  })
})
