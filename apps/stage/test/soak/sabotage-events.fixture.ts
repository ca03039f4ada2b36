import { spawn } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'
import { refusal } from './answers.fixture.ts'
import type { Sabotage, Sabotaged, Undo } from './sabotage.fixture.ts'

/** Violations in events, in the effects of the consumer, and in services. */
export function wrongEvents({ world, effects, run, wrong }: Sabotaged): Sabotage[] {
  const { received, topic, bus } = world
  const ended = `${run}/total/completed`
  return [
    {
      what: 'an end that is not published',
      said: /never published: .*\/total\/completed/,
      act: () => {
        const published = received.get(ended)!
        received.delete(ended)
        return () => received.set(ended, published)
      },
    },
    {
      what: 'an end that is published and did not happen',
      said: /the event .*\/total\/failed was published, which did not happen/,
      act: async () => {
        const { event } = received.get(ended)!
        const id = `${run}/total/failed`
        await bus.publish(topic, [{ ...event, id, type: 'cairn.failed' }])
        await world.until('it is published', () => received.has(id))
        return async () => {
          received.delete(id)
          await caughtUp()
        }
      },
    },
    {
      what: 'events that no one takes',
      said: /still not: the lag of report is 0/,
      act: async () => {
        const thaw = world.replica('report').freeze()
        await bus.publish(topic, [received.get(ended)!.event])
        return async () => {
          thaw()
          await caughtUp()
        }
      },
    },
    {
      what: 'an effect that is missing',
      said: /without effect: .*\/total\/completed/,
      act: () => inDatabase('delete from effects where id = ?', 'insert into effects values (?)', ended),
    },
    {
      what: 'an effect that is had twice',
      said: /\/total\/completed was had 2 times/,
      act: () =>
        inDatabase(
          'insert into effects values (?)',
          'delete from effects where rowid = (select max(rowid) from effects where id = ?)',
          ended,
        ),
    },
    {
      what: 'an effect of what did not happen',
      said: /an effect of .*\/ghost\/completed, which did not happen/,
      act: () =>
        inDatabase('insert into effects values (?)', 'delete from effects where id = ?', `${run}/ghost/completed`),
    },
    {
      what: 'control that has to help',
      said: /control had to help: [1-9]/,
      act: async () => {
        const { mayHelp } = world
        world.mayHelp = false
        const helper = await world.startControl({ sweep: 1, lostAfter: 1 })
        await world.untilEnded([await world.submitUntold()])
        return async () => {
          world.mayHelp = mayHelp
          await world.stop(helper)
        }
      },
    },
    {
      what: 'an error of control',
      said: /control answered .*500/,
      act: () => {
        refusal(wrong)(new Error('GET /v1/pipelines: 500 {}'))
        return () => wrong.splice(0)
      },
    },
    {
      what: 'a process without its service',
      said: /left behind by services that are gone: \d+/,
      act: () => {
        const [program] = world.replica('draw').program.args.slice(-1)
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', program!], { stdio: 'ignore' })
        return () => child.kill('SIGKILL')
      },
    },
    {
      what: 'a stage that is not well',
      said: /report is not well/,
      act: () => world.replica('report').freeze(),
    },
  ]

  async function caughtUp(): Promise<void> {
    for (const step of world.steps)
      await world.until(`the lag of ${step} is 0`, async () => (await world.lag(step).catch(() => 1)) === 0)
  }

  function inDatabase(act: string, undo: string, id: string): Undo {
    const doing = (statement: string) => {
      const database = new DatabaseSync(effects.file)
      database.exec('pragma busy_timeout = 5000')
      database.prepare(statement).run(id)
      database.close()
    }
    doing(act)
    return () => doing(undo)
  }
}
