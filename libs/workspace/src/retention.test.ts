import { describe, expect, it } from 'vitest'
import { checkRetention, retentionOf } from './retention.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('retention', () => {
  it('is set for a pipeline in its environment, else for the pipeline, the environment, or all', () => {
    const said = {
      keepRuns: 1,
      keep: '1d',
      every: '1h',
      pipelines: { orders: { keepRuns: 2, keep: '2d' } },
      environments: { production: { keepRuns: 3, grace: '3d', pipelines: { orders: { keepRuns: 4 } } } },
    }
    const defaults = { keepRuns: 20, keepMs: 30 * DAY, graceMs: 2 * DAY, everyMs: undefined }
    const ofAll = { keepRuns: 1, keepMs: DAY, graceMs: 2 * DAY, everyMs: HOUR }
    expect(retentionOf(undefined, 'local', 'orders')).toEqual(defaults)
    expect(retentionOf(said, 'local', 'penguins')).toEqual(ofAll)
    expect(retentionOf(said, 'local', 'orders')).toEqual({ ...ofAll, keepRuns: 2, keepMs: 2 * DAY })
    expect(retentionOf(said, 'production', 'penguins')).toEqual({ ...ofAll, keepRuns: 3, graceMs: 3 * DAY })
    expect(retentionOf(said, 'production', 'orders')).toMatchObject({ keepRuns: 4, keepMs: 2 * DAY, graceMs: 3 * DAY })
  })

  it.each([
    [7, '"retention" of "cairn" must be an object'],
    [{ keepRun: 3 }, '"retention" of "cairn" has no setting "keepRun"'],
    [{ keepRuns: -1 }, '"keepRuns" of "retention" of "cairn" must be a number of runs'],
    [{ keepRuns: '3' }, '"keepRuns" of "retention" of "cairn" must be a number of runs'],
    [{ keepRuns: 1.5 }, '"keepRuns" of "retention" of "cairn" must be a number of runs'],
    [{ keep: 3 }, '"keep" of "retention" of "cairn" must be a duration'],
    [{ keep: 'long' }, '"keep" of "retention" of "cairn" must be a duration'],
    [{ every: '' }, '"every" of "retention" of "cairn" must be a duration'],
    [{ grace: '59m' }, '"grace" of "retention" of "cairn" is too short'],
    [{ pipelines: null }, '"pipelines" of "retention" of "cairn" must be an object'],
    [{ pipelines: 7 }, '"pipelines" of "retention" of "cairn" must be an object'],
    [{ environments: [] }, '"environments" of "retention" of "cairn" must be an object'],
    [{ pipelines: { orders: null } }, '"retention" of "cairn", pipelines, orders must be an object'],
    [
      { pipelines: { orders: { pipelines: {} } } },
      '"retention" of "cairn", pipelines, orders has no setting "pipelines"',
    ],
    [
      { environments: { production: { environments: {} } } },
      '"retention" of "cairn", environments, production has no setting "environments"',
    ],
    [
      { environments: { production: { pipelines: { orders: { keep: '2 moons' } } } } },
      '"keep" of "retention" of "cairn", environments, production, pipelines, orders must be a duration',
    ],
  ])('is refused if it is %j, with file and location', (settings, what) => {
    expect(() => checkRetention('package.json', settings)).toThrow(
      expect.objectContaining({ code: 'BAD_DEFINITION', message: `package.json: ${what}` }) as Error,
    )
  })
})
