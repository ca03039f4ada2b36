import { expect, it } from 'vitest'
import { pipeline, step } from '@cairn/kernel'
import { penguins } from '@cairn/pipelines/penguins/pipeline'
import { usersOf } from './users.ts'

const place = { bucket: 'cairn', env: 'production', pipelines: [penguins], consumers: [] }
const consumers = (...names: string[]) => names.map((name) => ({ name, pipeline: penguins }))

it('gives each service a name of its own', () => {
  const names = usersOf({ ...place, consumers: consumers('notify', 'audit') }).map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(expect.arrayContaining(['control', 'penguins.train-classifier', 'notify', 'audit']))
})

it.each([
  [{ env: 'production.eu' }, 'environment production.eu has a dot'],
  [{ consumers: consumers('control') }, 'a consumer called control would get the rights of another user'],
  [{ consumers: consumers('admin') }, 'a consumer called admin would get the rights of another user'],
  [{ consumers: consumers('cairn') }, 'a consumer called cairn would get the rights of another user'],
  [
    { consumers: consumers('penguins.train-classifier') },
    '"penguins.train-classifier" is not a valid name for a consumer',
  ],
  [{ consumers: consumers('*') }, '"*" is not a valid name for a consumer'],
  [{ consumers: consumers('notify', 'notify') }, 'two consumers are called notify'],
  [
    { pipelines: [pipeline('control', () => step('one', { outputs: {}, run: () => ({}) })({}))] },
    'pipeline control would share the topic',
  ],
])('refuses names that would give one user the rights of another: %j', (parts, message) => {
  expect(() => usersOf({ ...place, ...parts })).toThrow(
    expect.objectContaining({ code: 'BAD_PARAMETER', message: expect.stringContaining(message) as string }),
  )
})
