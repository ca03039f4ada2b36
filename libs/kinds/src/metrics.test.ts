import { expect, test } from 'vitest'
import { z } from 'zod'
import { metrics } from './metrics.ts'
import { artifactFolder, checkKind } from './testing.ts'

const write = async (kind: ReturnType<typeof metrics>, value: unknown) => {
  using folder = artifactFolder()
  return kind.encode(value as never, folder.encoder)
}

test('metrics meet the contract of the engine', () =>
  checkKind(metrics(), {
    values: [{}, { auc: 0.7 }, { auc: 0.7, by: { month: { june: -1.5 } } }],
    refused: [1, null, [1], { auc: NaN }, { auc: '0.7' }, { by: { june: Infinity } }, { auc: null }],
  }))

test('declared metrics meet the contract of the engine', () =>
  checkKind(metrics({ auc: 'number', rows: 'integer', brier: 'number?' }), {
    values: [
      { auc: 0.7, rows: 12 },
      { auc: 0, rows: -1, brier: 0.2 },
    ],
    refused: [{ auc: 0.7 }, { auc: 0.7, rows: 1.5 }, { auc: 0.7, rows: 1, loss: 2 }, { auc: {}, rows: 1 }],
  }))

test('metrics with a schema meet the contract of the engine', () =>
  checkKind(metrics(z.object({ auc: z.number().min(0).max(1) })), {
    values: [{ auc: 0.5 }],
    refused: [{ auc: 2 }, { auc: 'high' }],
  }))

test('NaN is refused with the name of the metric', async () => {
  await expect(write(metrics(), { auc: 0.7, by: { june: NaN } })).rejects.toThrow('metric "by.june" is NaN')
  await expect(write(metrics({ auc: 'number' }) as never, { acu: 1 })).rejects.toMatchObject({
    message: 'metric "acu" is not declared',
    next: 'did you mean "auc"?',
  })
})

test('the summary shows the numbers at the top level, the preview all of them', async () => {
  using folder = artifactFolder()
  const kind = metrics()
  const artifact = await folder.write(kind, { auc: 0.7, by: { june: 0.6 } })
  expect(artifact.ref.summary).toEqual({ auc: 0.7 })
  expect(await kind.preview!(artifact, { rows: 1 })).toEqual({ type: 'summary', fields: { auc: 0.7, 'by.june': 0.6 } })
})
