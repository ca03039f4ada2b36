import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { Sabotage, Sabotaged, Undo } from './sabotage.fixture.ts'

/** Greater than the maximum process id of Linux. */
const NO_PROCESS = 4_194_305

/** Violations in what is left behind: groups, topics and files. */
export function leftByServices({ world: { kafka }, places, before }: Sabotaged): Sabotage[] {
  const { scratch, temporary, data } = places
  const work = `${hostname()}-${NO_PROCESS}-1.0-x`
  return [
    {
      what: 'a consumer group that is left',
      said: /consumer group: left/,
      act: () => kafka.addGroup('left'),
    },
    {
      what: 'a consumer group that is gone',
      said: /consumer group that is gone: gone/,
      act: () => {
        before.groups.push('gone')
        return () => before.groups.pop()
      },
    },
    { what: 'a topic that is left', said: /topic: left/, act: () => kafka.addTopic('left') },
    {
      what: 'scratch of a process that is gone',
      said: /scratch of a process that is gone: /,
      act: () => madeFile(join(scratch, 'tmp', work, 'x')),
    },
    {
      what: 'scratch of a task that has ended',
      said: /scratch of a task that has ended: /,
      act: () => madeFile(join(scratch, 'tmp', 'x', 'item-1')),
    },
    {
      what: 'a download of a process that is gone',
      said: /download of a process that is gone: /,
      act: () => madeFile(join(scratch, 'objects', 'tmp', work, 'x')),
    },
    {
      what: 'a download that no one is at',
      said: /download that no one is at: /,
      act: () => madeFile(join(scratch, 'objects', 'tmp', 'x')),
    },
    { what: 'a temporary file', said: /temporary file: /, act: () => madeFile(join(temporary, 'x')) },
    {
      what: 'a part of an upload',
      said: /parts of an upload: /,
      act: () => madeFile(join(data, '.minio.sys', 'multipart', 'x', 'x')),
    },
  ]
}

/** Creates a file and its folders. Returns a function that removes everything it created. */
function madeFile(path: string): Undo {
  const first = mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, 'x')
  return () => rmSync(first ?? path, { recursive: true })
}
