import { describe, expect, it } from 'vitest'
import { checkConcurrency, runLimitsOf, type ConcurrencySettings } from './concurrency.ts'

const settings: ConcurrencySettings = {
  runs: 10,
  runsPerPipeline: 4,
  pipelines: { nightly: { runs: 1 }, hourly: {} },
  environments: { staging: { runs: 2, pipelines: { nightly: { runs: 2 } } }, test: { runsPerPipeline: 3 } },
}
const limitsOf = (env: string, pipeline: string, of: ConcurrencySettings = settings) => {
  const limits = runLimitsOf(of, env)
  return [limits.environment, limits.of(pipeline)]
}

describe('limits of concurrent runs', () => {
  it('are those of the environment before those of all, and those of the pipeline before those of each', () => {
    expect(limitsOf('production', 'nightly')).toEqual([10, 1])
    expect(limitsOf('production', 'other')).toEqual([10, 4])
    expect(limitsOf('production', 'hourly')).toEqual([10, 4])
    expect(limitsOf('staging', 'nightly')).toEqual([2, 2])
    expect(limitsOf('staging', 'other')).toEqual([2, 4])
    expect(limitsOf('test', 'other')).toEqual([10, 3])
    expect(limitsOf('test', 'nightly')).toEqual([10, 1])
  })

  it('are absent if not set, even for names that every JavaScript object has', () => {
    expect(runLimitsOf(undefined, 'production').environment).toBeUndefined()
    expect(limitsOf('production', 'nightly', {})).toEqual([undefined, undefined])
    expect(limitsOf('production', 'other', { pipelines: { nightly: { runs: 1 } } })).toEqual([undefined, undefined])
    expect(limitsOf('constructor', 'toString', { pipelines: {}, environments: {} })).toEqual([undefined, undefined])
  })

  it('also limit waiting runs, always those of an environment', () => {
    const said = { waiting: 50, waitingPerPipeline: 5, pipelines: { nightly: { waiting: 0 } } }
    const waitingOf = (env: string, pipeline: string, of: ConcurrencySettings) => {
      const { waiting } = runLimitsOf(of, env)
      return [waiting.environment, waiting.of(pipeline)]
    }
    expect(waitingOf('production', 'nightly', said)).toEqual([50, 0])
    expect(waitingOf('production', 'other', said)).toEqual([50, 5])
    expect(waitingOf('staging', 'other', { ...said, environments: { staging: { waiting: 2 } } })).toEqual([2, 5])
    expect(waitingOf('production', 'nightly', {})).toEqual([10_000, undefined])
  })

  it.each([
    [{ waiting: -1 }, '"waiting" of "concurrency" of "cairn" must be a number of runs from 0 to 100000'],
    [
      { pipelines: { a: { waiting: 1e6 } } },
      '"waiting" of "concurrency" of "cairn", pipelines, a must be a number of runs from 0 to 100000',
    ],
    [[], '"concurrency" of "cairn" must be an object'],
    [3, '"concurrency" of "cairn" must be an object'],
    [{ run: 3 }, '"concurrency" of "cairn" has no setting "run"'],
    [{ runs: 0 }, '"runs" of "concurrency" of "cairn" must be a number of runs from 1 to 1000'],
    [{ runs: -1 }, '"runs" of "concurrency" of "cairn" must be a number of runs from 1 to 1000'],
    [{ runs: 1.5 }, '"runs" of "concurrency" of "cairn" must be a number of runs from 1 to 1000'],
    [{ runs: '4' }, '"runs" of "concurrency" of "cairn" must be a number of runs from 1 to 1000'],
    [
      { runsPerPipeline: null },
      '"runsPerPipeline" of "concurrency" of "cairn" must be a number of runs from 1 to 1000',
    ],
    [{ runs: 1_001 }, '"runs" of "concurrency" of "cairn" must be a number of runs from 1 to 1000'],
    [{ pipelines: { a: 1 } }, '"concurrency" of "cairn", pipelines, a must be an object'],
    [{ pipelines: [1] }, '"pipelines" of "concurrency" of "cairn" must be an object'],
    [
      { pipelines: { a: { runsPerPipeline: 1 } } },
      '"concurrency" of "cairn", pipelines, a has no setting "runsPerPipeline"',
    ],
    [
      { environments: { a: { pipelines: { b: { runs: 0 } } } } },
      '"runs" of "concurrency" of "cairn", environments, a, pipelines, b must be a number of runs from 1 to 1000',
    ],
    [
      { environments: { a: { environments: {} } } },
      '"concurrency" of "cairn", environments, a has no setting "environments"',
    ],
  ])('are refused by name: %j', (wrong, what) => {
    expect(() => checkConcurrency('package.json', wrong)).toThrow(
      expect.objectContaining({
        code: 'BAD_DEFINITION',
        message: `package.json: ${what}`,
        next: expect.any(String) as string,
      }),
    )
  })
})
