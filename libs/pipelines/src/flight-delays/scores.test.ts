import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibrationError, calibrationOf, grouped, logLoss, ranked, rocOf, type Scored } from './scores.ts'

const scored = (rows: readonly (readonly [number, number])[]): Scored => ({
  probability: Float32Array.from(rows, ([probability]) => probability),
  label: Uint8Array.from(rows, ([, label]) => label),
})
const auc = (rows: Parameters<typeof scored>[0]) => rocOf(scored(rows), ranked(scored(rows))).auc

describe('scores', () => {
  it('the area is 1 for a perfect order, 0 for the reverse, a half for none', () => {
    expect(
      auc([
        [0.1, 0],
        [0.2, 0],
        [0.8, 1],
      ]),
    ).toBe(1)
    expect(
      auc([
        [0.9, 0],
        [0.2, 1],
      ]),
    ).toBe(0)
    expect(
      auc([
        [0.5, 0],
        [0.5, 1],
        [0.5, 0],
      ]),
    ).toBe(0.5)
  })

  it('the area is the chance that a row of label 1 comes before one of label 0', () => {
    const row = fc.tuple(
      fc.integer({ min: 0, max: 5 }).map((p) => p / 5),
      fc.integer({ min: 0, max: 1 }),
    )
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 40 }), (rows) => {
        const [late, punctual] = [rows.filter(([, l]) => l === 1), rows.filter(([, l]) => l === 0)]
        fc.pre(late.length > 0 && punctual.length > 0)
        const wins = late.flatMap(([p]) => punctual.map(([q]) => (p > q ? 1 : p === q ? 0.5 : 0)))
        expect(auc(rows)).toBeCloseTo(wins.reduce((a: number, b) => a + b, 0) / wins.length, 10)
      }),
    )
  })

  it('the curve rises from (0, 0) to (1, 1)', () => {
    const rows = Array.from({ length: 5_000 }, (_, at) => [((at * 7919) % 5000) / 5000, at % 3 === 0 ? 1 : 0] as const)
    const { curve } = rocOf(scored(rows), ranked(scored(rows)))
    expect(curve[0]).toEqual({ falsePositives: 0, truePositives: 0 })
    expect(curve.at(-1)).toEqual({ falsePositives: 1, truePositives: 1 })
    expect(curve.length).toBeLessThan(500)
    for (const [at, point] of curve.slice(1).entries())
      expect(point.truePositives + point.falsePositives).toBeGreaterThan(
        curve[at]!.truePositives + curve[at]!.falsePositives,
      )
  })

  it('a single label cannot be ranked', () => {
    expect(() =>
      auc([
        [0.5, 1],
        [0.6, 1],
      ]),
    ).toThrow('only one label')
  })

  it('log loss is ln 2 for a half, and finite for wrong certainty', () => {
    expect(
      logLoss(
        scored([
          [0.5, 0],
          [0.5, 1],
        ]),
      ),
    ).toBeCloseTo(Math.log(2), 10)
    expect(logLoss(scored([[1, 0]]))).toBeCloseTo(-Math.log(1e-7), 3)
  })

  it('calibration compares groups of equal size, by rising probability', () => {
    const rows = Array.from({ length: 100 }, (_, at) => [at / 100, at % 2] as const)
    const groups = calibrationOf(scored(rows), ranked(scored(rows)), 4)
    expect(groups.map(({ group, rows }) => [group, rows])).toEqual([
      [0, 25],
      [1, 25],
      [2, 25],
      [3, 25],
    ])
    expect(groups[0]!.predicted).toBeCloseTo(0.12, 5)
    expect(calibrationError(groups)).toBeGreaterThan(0.2)
    expect(calibrationError([{ group: 0, predicted: 0.3, actual: 0.3, rows: 9 }])).toBe(0)
  })

  it('groups without rows are left out', () => {
    expect(
      grouped(
        scored([
          [0.2, 0],
          [0.4, 1],
        ]),
        () => 3,
      ),
    ).toEqual([{ group: 3, predicted: expect.closeTo(0.3, 5) as number, actual: 0.5, rows: 2 }])
  })
})
