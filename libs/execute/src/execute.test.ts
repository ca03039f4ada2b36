import { describe, expect, it } from 'vitest'
import { json } from '@cairn/engine/simulation/pipelines'
import { CairnError, type Kind } from '@cairn/kernel'
import { makeArtifact, type ItemWork, type EncodedArtifact } from '@cairn/records'
import { execute, type LoadedCode, type BodyEnvironment } from './execute.ts'

const Int = json<number>()

/** An input, small enough to lie in the record that names it. */
const artifact = (value: unknown) => makeArtifact({ bytes: Buffer.from(JSON.stringify(value)) }).ref

/** One call of `code`: with these inputs and parameters, and with what else is said. */
function call(
  code: LoadedCode,
  inputs: Readonly<Record<string, unknown>> = {},
  { params = {}, item = {}, environment = {}, versions }: Partial<Said> = {},
): Promise<Record<string, EncodedArtifact>> {
  const refs = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, artifact(value)]))
  const work = {
    step: 'sum',
    params: params as never,
    versions,
    open: () => Promise.reject(new Error('all is inline')),
  }
  const signal = new AbortController().signal
  const remember = () => Promise.reject(new Error())
  const host: BodyEnvironment = {
    signal,
    scratch: '/scratch',
    outbox: '/outbox',
    secrets: {},
    root: '/project',
    remember,
  }
  return execute(code, work, { index: 0, key: 'key', inputs: refs, ...item }, { ...host, ...environment })
}
interface Said {
  readonly params: object
  readonly item: Partial<ItemWork>
  readonly environment: Partial<BodyEnvironment>
  readonly versions: Readonly<Record<string, string>>
}
const value = ({ ref }: EncodedArtifact) => JSON.parse(ref.text!) as unknown

describe('one call of a body', () => {
  it('passes decoded inputs and parameters, and encodes the result', async () => {
    const code: LoadedCode = {
      inputs: { a: Int, b: Int },
      outputs: { total: Int },
      run: ({ a, b }: { a: number; b: number }, { times }: { times: number }) => ({ total: (a + b) * times }),
    }
    const { total } = await call(code, { a: 1, b: 2 }, { params: { times: 10 } })
    expect(value(total!)).toBe(30)
  })

  it('passes its own copy of the parameters: changes reach no other call', async () => {
    const params = { seen: [1] }
    const code: LoadedCode = {
      outputs: { count: Int },
      run: (_: never, { seen }: { seen: number[] }) => ({ count: seen.push(2) }),
    }
    const counts = [await call(code, {}, { params }), await call(code, {}, { params })]
    expect(counts.map(({ count }) => value(count!))).toEqual([2, 2])
    expect(params).toEqual({ seen: [1] })
  })

  it('draws the same random numbers for the same key, and others for another', async () => {
    const code: LoadedCode = { outputs: { n: Int }, run: (_, __, { random }) => ({ n: random() }) }
    const drawn = await Promise.all(['a', 'a', 'b'].map((key) => call(code, {}, { item: { key } })))
    const [one, again, other] = drawn.map(({ n }) => value(n!))
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })

  it.each([
    [undefined, 'sum returned nothing, not an object with the outputs', 'return { total }'],
    [[1], 'sum returned an array, not an object with the outputs', 'return { total }'],
    [{}, 'sum did not return "total"', 'return { total }'],
    [{ total: 1, totl: 1 }, 'sum returned "totl", which it does not declare', 'did you mean "total"?'],
  ])('refuses %j, which it does not declare', async (returned, message, next) => {
    const code: LoadedCode = { outputs: { total: Int }, run: () => returned }
    await expect(call(code)).rejects.toMatchObject({ code: 'BAD_OUTPUT', message, next })
  })

  it('names the input or output that a kind refuses', async () => {
    const refuse = (): never => {
      throw new CairnError('BAD_OUTPUT', 'is no number', { next: 'give a number' })
    }
    const strict: Kind<number> = { ...Int, encode: refuse, decode: refuse }
    const input: LoadedCode = { inputs: { n: strict }, outputs: {}, run: () => ({}) }
    const output: LoadedCode = { outputs: { n: strict }, run: () => ({ n: 'one' }) }
    const next = 'give a number'
    await expect(call(input, { n: 1 })).rejects.toMatchObject({ message: 'input "n" of sum: is no number', next })
    await expect(call(output)).rejects.toMatchObject({ message: 'output "n" of sum: is no number', next })
  })

  it('drops the result of a body that was stopped', async () => {
    const stop = new AbortController()
    const code: LoadedCode = { outputs: { n: Int }, run: () => (stop.abort(new Error('cancelled')), { n: 1 }) }
    await expect(call(code, {}, { environment: { signal: stop.signal } })).rejects.toThrow('cancelled')
  })

  it('calls the fallback with the error once the body has failed for good', async () => {
    const told: Error[] = []
    const code: LoadedCode = {
      outputs: { n: Int },
      run: () => expect.unreachable(),
      fallback: (error) => (told.push(error), { n: -1 }),
    }
    const error = { code: 'STEP_FAILED', name: 'RangeError', message: 'too large' } as const
    const { n } = await call(code, {}, { item: { error } })
    expect(value(n!)).toBe(-1)
    expect(told).toMatchObject([{ name: 'RangeError', message: 'too large' }])
    expect(told[0]).toBeInstanceOf(Error)
  })
})

describe('one call of a body with a source', () => {
  let stored = 'v1'
  const code = (during: () => void): LoadedCode => ({
    reads: { file: { name: 'prices.csv', version: async () => stored, open: async () => `bytes of ${stored}` } },
    outputs: { read: json<string>() },
    run: ({ file }: { file: string }) => (during(), { read: file }),
  })

  it('opens the source', async () => {
    stored = 'v1'
    const { read } = await call(
      code(() => {}),
      {},
      { versions: { file: 'v1' } },
    )
    expect(value(read!)).toBe('bytes of v1')
  })

  it('refuses the result if the source has changed since the run was planned', async () => {
    stored = 'v1'
    const changing = code(() => (stored = 'v2'))
    await expect(call(changing, {}, { versions: { file: 'v1' } })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: 'prices.csv changed after sum was planned',
    })
  })
})
