import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SentTasks } from './sent-tasks.ts'

const NODES = ['load', 'score', 'join', 'report']

it('restores the same tasks from its text, whatever order they ended in', () => {
  const task = fc.oneof(
    fc.constantFrom('load', 'join', 'report'),
    fc.integer({ min: 0, max: 40 }).map((batch) => `score/${batch}`),
  )
  fc.assert(
    fc.property(fc.array(task), task, (tasks, other) => {
      const sent = new SentTasks(NODES)
      for (const one of tasks) sent.add(one)
      const again = new SentTasks(NODES, String(sent))
      for (const one of [...tasks, other]) expect(again.has(one)).toBe(tasks.includes(one))
      expect(String(again)).toBe(String(sent))
    }),
  )
})

it('is short if batches end nearly in order', () => {
  const sent = new SentTasks(NODES)
  sent.add('load')
  for (let batch = 0; batch < 1_000; batch++) if (batch !== 7) sent.add(`score/${batch}`)
  expect(String(sent)).toBe('0~1:0-6.8-999')
})

it('reads a foreign text as no tasks sent', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9~:.-]{0,30}$/)), (text) => {
      const sent = new SentTasks(NODES, text)
      expect(() => sent.has('score/3')).not.toThrow()
    }),
  )
  expect(new SentTasks(NODES, 'run/load/completed').has('load')).toBe(false)
  expect(new SentTasks(NODES, '~').has('load')).toBe(false)
})
