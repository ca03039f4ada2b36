import fc from 'fast-check'
import { hostileMessages } from '@cairn/drivers/events/hostile-events.fixture'
import { shuffled } from '../faults/random.fixture.ts'
import { PIPELINE, type World } from '../faults/world.fixture.ts'
import { refusal } from './answers.fixture.ts'
import type { Faults, Soaked } from './faults.fixture.ts'

/** Nodes of the pipeline, and their steps. An `each` has no step. */
const PLACES = { draw: 'draw', score: 'score', total: 'total', report: 'report', scores: undefined }
const HOSTILE_AT_ONCE = 40
interface Letter {
  readonly id: string
  readonly event?: object
}
const LETTERS = `/v1/pipelines/${PIPELINE}/dead-letters`

export function messageFaults({ world, dice: { random, oneOf }, wrong }: Soaked): Faults {
  const decided = (decision: 'replay' | 'drop') => async () => {
    const all = (await lettersOf(world).catch(refusal(wrong))) ?? []
    // A dead letter without an event can only be dropped.
    const letters = decision === 'replay' ? all.filter(({ event }) => event !== undefined) : all
    if (letters.length === 0) return
    const { id } = oneOf(letters)
    await world.ask('POST', `${LETTERS}/${id}/${decision}`, {}).catch(refusal(wrong))
  }
  return {
    'events again, shuffled': () => {
      const events = [...world.received.values()].slice(-300).map(({ event }) => event)
      return world.bus.publish(world.topic, shuffled(events, random).slice(0, 150))
    },
    'hostile messages': async () => {
      const runs = [...world.submitted.keys()].slice(-50)
      const target = { env: world.env, pipeline: PIPELINE, runs, places: PLACES }
      const seed = Math.floor(random() * 1e9)
      const hostile = fc.sample(hostileMessages(target), { seed, numRuns: HOSTILE_AT_ONCE })
      for (const { headers } of hostile) world.lies.add(`${String(headers['ce_id'])} ${String(headers['ce_time'])}`)
      await world.kafka.sendAll(world.topic, hostile)
    },
    'dead letter replayed': decided('replay'),
    'dead letter dropped': decided('drop'),
  }
}

async function lettersOf(world: World): Promise<readonly Letter[]> {
  const { letters } = (await world.ask('GET', `${LETTERS}?limit=100`)) as { letters: Letter[] }
  return letters
}
