import { DatabaseSync } from 'node:sqlite'

/** Remembers which events a consumer has handled: where its effects are kept is the best place for it. */
export interface Seen {
  has(id: string): boolean | Promise<boolean>
  add(id: string): void | Promise<void>
}

/** Remembers in a file (SQLite), which processes of one machine may share. About a hundred bytes an event. */
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
 * Handles each event once by its id: a repetition is left out, also while the first is still at work. A process that dies
 * between the handler and the note of it handles the event again.
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
