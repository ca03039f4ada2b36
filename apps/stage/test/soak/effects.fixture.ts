import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Replica } from '../faults/replica.fixture.ts'
import type { EndedRun } from '../faults/invariants.fixture.ts'
import type { World } from '../faults/world.fixture.ts'

/** A consumer that is restarted whenever it ends, and the database of its effects. */
export class Effects {
  readonly consumer: Replica
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    this.consumer = new Replica(
      {
        name: 'consumer',
        args: [
          `--import=${join(import.meta.dirname, '../faults/crash.js')}`, // ends it with this process
          join(import.meta.dirname, 'consumer.ts'),
        ],
        cwd: world.folder,
        env: { CAIRN_CONNECTION: join(world.folder, 'connection.json'), CAIRN_TEST_EFFECTS: this.file },
        logs: join(world.folder, 'consumer'),
      },
      () => {},
    )
  }

  /**
   * Checks that each completed task of step `total` had its effect exactly once, and no other task had one. A false
   * event may have an effect, once. Returns violations.
   */
  async check(ended: ReadonlyMap<string, EndedRun>, patienceMs: number): Promise<string[]> {
    const wanted = [...ended].flatMap(([run, { ends }]) =>
      ends.get('total')?.status === 'completed' ? [`${run}/total/completed`] : [],
    )
    const wrong: string[] = []
    await this.#world
      .until('each completed task has had its effect', () => wanted.every((id) => this.#times().has(id)), patienceMs)
      .catch(() => wrong.push(`without effect: ${wanted.filter((id) => !this.#times().has(id)).join(', ')}`))
    const lies = new Set([...this.#world.lies].map((lie) => lie.slice(0, lie.lastIndexOf(' '))))
    const known = new Set(wanted)
    for (const [id, times] of this.#times()) {
      if (times > 1) wrong.push(`the effect of ${id} was had ${times} times`)
      if (!known.has(id) && !lies.has(id)) wrong.push(`an effect of ${id}, which did not happen`)
    }
    return wrong
  }

  /** Returns how often each event had its effect, by id. */
  #times(): ReadonlyMap<string, number> {
    const database = new DatabaseSync(this.file, { readOnly: true })
    try {
      const rows = database.prepare('select id, count(*) as times from effects group by id').all()
      return new Map(rows.map(({ id, times }) => [String(id), Number(times)]))
    } finally {
      database.close()
    }
  }

  /** File of the consumer's database. */
  get file(): string {
    return join(this.#world.folder, 'effects.sqlite')
  }
}
