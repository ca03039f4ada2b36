import { afterAll, expect, test } from 'vitest'
import { artifactFolder } from '../testing.ts'
import { table } from '../table/table.ts'
import { model } from './model.ts'
import { doubling, onnx } from './onnx.fixture.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())

const Rows = table({ day: 'date', x: 'int16', y: 'float32' })
const rows = (count: number) => Array.from({ length: count }, (_, at) => ({ day: '2001-06-01', x: at, y: at / 2 }))
const identity = onnx({
  inputs: [{ name: 'features', type: 1, dims: ['n', 2] }],
  outputs: [{ name: 'doubled', type: 1, dims: ['n', 2] }],
  nodes: [{ op: 'Identity', inputs: ['features'], outputs: ['doubled'] }],
})
const compare = async (before: Uint8Array, after: Uint8Array, tried?: object) => {
  const [was, is] = [await folder.write(model(), before), await folder.write(model(), after)]
  return model().compare!(was, is, { rows: 2, ...(tried && { tried: tried as never }) })
}
const Wide = table({ x: 'int16', y: 'float32', z: 'float32' })

test('two models are compared by their predictions for the same rows', async () => {
  const same = await folder.write(Rows, rows(100))
  const [described, doubled, furthest] = await compare(identity, doubling(2), { before: same, after: same })
  expect(described!.rows).toEqual([
    ['input features', 'float32[*,2]'],
    ['output doubled', 'float32[*,2]'],
  ])
  const [values, mean, changed, apart, , , most, correlation] = doubled!.rows[0]!
  expect([values, changed, most, correlation]).toEqual([200, 198, 99, 1])
  expect(mean).toEqual([37.125, 74.25])
  expect(apart).toBe(37.125)
  expect(furthest!.rows).toEqual([
    [198, 99, 198],
    [196, 98, 196],
  ])
  const [, equal] = await compare(doubling(2), doubling(2), { before: same, after: same })
  expect(equal!.rows[0]).toEqual([200, 74.25, 0, 0, 0, 0, 0, 1])
})

test('each reads its own table, and a table that does not fit is refused', async () => {
  const [two, three] = [
    await folder.write(Rows, rows(10)),
    await folder.write(
      Wide,
      rows(10).map(({ x, y }) => ({ x, y, z: 1 })),
    ),
  ]
  const [described, ...more] = await compare(doubling(2), doubling(3))
  expect([described!.rows[0], more]).toEqual([['input features', ['float32[*,2]', 'float32[*,3]']], []])
  await expect(compare(doubling(2), doubling(3), { before: two, after: three })).rejects.toThrow(
    'the models gave different numbers of values of doubled: 20 and 30',
  )
  await expect(compare(doubling(2), doubling(3), { before: two, after: two })).rejects.toThrow(
    'input features of the model is float32[*,3], but the table has the columns x, y',
  )
})
