import { expect, it } from 'vitest'
import { runEvent, type EndRecord, type Plan, type TaskMessage } from '@cairn/records'
import { TaskRecorder } from './task-recorder.ts'

const plan: Plan = {
  v: 1,
  run: 'run-2',
  env: 'test',
  pipeline: 'chain',
  createdAt: 0,
  params: {},
  steps: {},
  nodes: {
    load: { type: 'given', from: 'run-1', outputs: {}, scope: [], guards: [] },
    train: { type: 'step', step: 'train', inputs: {}, params: {}, scope: [], guards: [] },
  },
  outputs: {},
}
const message: TaskMessage = {
  plan,
  task: 'train',
  host: 'c',
  cause: runEvent(plan, 'run-started', 0),
  needs: ['load'],
}
const record = (host: string, startedAt: number): EndRecord => ({
  v: 1,
  status: 'completed',
  items: [{ status: 'completed', how: 'computed', outputs: { model: { digest: 'd', size: 12 } }, ms: 3 }],
  counts: {},
  attempts: 1,
  startedAt,
  endedAt: startedAt + 1,
  host,
})

it('distinguishes failed attempts from lost ones by the host of the next attempt', () => {
  const recorder = new TaskRecorder(message)
  for (const [index, host] of ['a', 'a', 'b'].entries())
    recorder.earlier({ plan, task: 'train', attempt: index + 1, record: { v: 1, startedAt: index * 10, host } })
  recorder.beginAttempt(4)
  recorder.endAttempt(undefined)
  const { attempts, startedAt } = recorder.end(record('c', Date.now()), undefined)
  expect(attempts.map(({ result }) => result)).toEqual(['failed', 'lost', 'lost', 'done'])
  expect(attempts.slice(0, 2).map(({ endedAt }) => endedAt)).toEqual([10, 20])
  expect(attempts[2]!.endedAt).toBeGreaterThanOrEqual(startedAt)
})

it('tells whether a record was written by this work, by another host or earlier', () => {
  const stands = (host: string, after: number) => {
    const recorder = new TaskRecorder(message)
    return recorder.end(record(host, recorder.report.startedAt + after), undefined).ending?.stands
  }
  expect([stands('c', 0), stands('c', 1), stands('b', 1), stands('c', -1)]).toEqual([true, true, false, false])
})

it('reports what was stored, and the run of a reused output', () => {
  const { ending, needs } = new TaskRecorder(message).end(record('c', Date.now()), undefined)
  expect(ending).toMatchObject({ written: 12, ms: [3], items: { computed: 1 } })
  expect(needs).toEqual([{ run: 'run-1', task: 'load' }])
})
