import { DatabaseSync } from 'node:sqlite'

/** Remembers the events that a consumer has handled. Best stored in the same place as the effects of the handler. */
export interface Seen {
  has(id: string): boolean | Promise<boolean>
  add(id: string): void | Promise<void>
}

/**
 * Remembers events in an SQLite file, which processes of one machine may share. Needs about 100 bytes for each event.
 */
export function seenIn(file: string): Seen {
  const database = new DatabaseSync(file)
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000')
  database.exec('create table if not exists seen (id text primary key) without rowid')
  const has = database.prepare('select 1 from seen where id = ?')
  const add = database.prepare('insert or ignore into seen values (?)')
  return {
    has: (id) => has.get(id) !== undefined,
    add: (id) => void add.run(id),
  }
}

/**
 * Handles each event once, by its id: repeated deliveries are skipped, also while the first one is being handled. If
 * the process dies after the handler and before the event is remembered, the event is handled again.
 */
export function once<Event extends { readonly id: string }>(
  seen: Seen,
  handle: (event: Event) => Promise<void>,
): (event: Event) => Promise<void> {
  const atWork = new Map<string, Promise<void>>()
  const handleNew = async (event: Event): Promise<void> => {
    if (await seen.has(event.id)) return
    await handle(event)
    await seen.add(event.id)
  }
  return (event) => {
    let work = atWork.get(event.id)
    if (!work) {
      work = handleNew(event).finally(() => atWork.delete(event.id))
      atWork.set(event.id, work)
    }
    return work
  }
}
