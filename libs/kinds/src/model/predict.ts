import { CairnError, suggest } from '@cairn/kernel'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { fedInput, type FedInput, type Values } from './feeds.ts'

/** Loads a model. Uses one thread: more threads add in another order, which changes the last digits of sums. */
export async function openSession(model: string | Uint8Array): Promise<InferenceSession> {
  const { InferenceSession } = await runtime()
  const options = {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3 as const,
  }
  return InferenceSession.create(model as string, options)
}

/** ONNX Runtime: 45 MB of native code. @throws CairnError NOT_FOUND when its package is not installed */
async function runtime(): Promise<typeof import('onnxruntime-node')> {
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new CairnError('NOT_FOUND', 'models need the package onnxruntime-node, which is not installed', {
      cause,
      next: 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node (skip: without libraries for GPUs)',
    })
  }
}

/** Checks that the runtime can load a model. @throws CairnError BAD_OUTPUT when it cannot */
export async function checkLoads(bytes: Uint8Array): Promise<void> {
  try {
    await (await openSession(bytes)).release()
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('BAD_OUTPUT', `the model cannot be loaded: ${(cause as Error).message}`, { cause })
  }
}

/** Predicts in batches of `batchRows` rows, or of the fixed number of rows that the model takes. */
export async function predict(
  session: InferenceSession,
  feeds: Readonly<Record<string, unknown>>,
  outputs: readonly string[] | undefined,
  batchRows: number,
): Promise<Record<string, Values>> {
  const inputs = readFeeds(session, feeds)
  const wanted = chosenOutputs(session, outputs)
  const [{ rows }] = inputs as [FedInput]
  const atOnce = inputs.find(({ fixedRows }) => fixedRows !== undefined)?.fixedRows ?? batchRows
  if (rows % atOnce !== 0 && atOnce !== batchRows)
    throw new CairnError(
      'BAD_DEFINITION',
      `the model takes ${atOnce} rows at a time, but ${rows} rows is not a multiple of that`,
    )

  const { Tensor } = await runtime()
  const parts: Record<string, Values[]> = Object.fromEntries(wanted.map((name) => [name, []]))
  for (let first = 0; first === 0 || first < rows; first += atOnce) {
    const count = Math.min(atOnce, rows - first)
    const tensors = inputs.map((input) => {
      const { values, shape } = input.batch(first, count)
      return [input.name, new Tensor(input.type as 'float32', values as Float32Array, shape)] as const
    })
    const given = await session.run(Object.fromEntries(tensors), wanted)
    for (const name of wanted) parts[name]!.push(outputValues(name, given[name]!, count, count === rows))
  }
  return Object.fromEntries(wanted.map((name) => [name, join(parts[name]!)]))
}

/** The names of the outputs to compute. @throws CairnError BAD_DEFINITION if an output is unknown or is not a tensor */
function chosenOutputs(session: InferenceSession, chosen: readonly string[] | undefined): readonly string[] {
  const known = new Map(session.outputMetadata.map((output) => [output.name, output]))
  const tensors = [...known.keys()].filter((name) => known.get(name)!.isTensor)
  for (const name of chosen ?? known.keys()) {
    const output = known.get(name)
    if (!output)
      throw new CairnError('BAD_DEFINITION', `the model has no output "${name}"`, { next: suggest(name, known.keys()) })
    if (output.isTensor) continue
    const some = tensors.length > 0 ? `, or request other outputs: predict(feeds, { outputs: ${listed(tensors)} })` : ''
    throw new CairnError(
      'BAD_DEFINITION',
      `output "${name}" of the model is a sequence or a map, but predict returns only tensors`,
      { next: `export the model with tensors (skl2onnx: convert_sklearn(…, options={"zipmap": False}))${some}` },
    )
  }
  return chosen ?? tensors
}

function listed(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`
}

function readFeeds(session: InferenceSession, feeds: Readonly<Record<string, unknown>>): FedInput[] {
  for (const name of Object.keys(feeds))
    if (!session.inputNames.includes(name))
      throw new CairnError('BAD_DEFINITION', `the model has no input "${name}"`, {
        next: suggest(name, session.inputNames),
      })
  const inputs = session.inputMetadata.map((input) => {
    if (input.isTensor) return fedInput(input.name, input.type, input.shape, feeds[input.name])
    throw new CairnError('BAD_DEFINITION', `input "${input.name}" of the model is not a tensor`)
  })
  for (const { name, rows } of inputs)
    if (rows !== inputs[0]!.rows)
      throw new CairnError(
        'BAD_DEFINITION',
        `input "${name}" has ${rows} rows, but "${inputs[0]!.name}" has ${inputs[0]!.rows}`,
      )
  return inputs
}

function outputValues(name: string, { data, dims, type }: Tensor, rows: number, whole: boolean): Values {
  // Half-precision values are exact in single precision.
  if (whole || dims[0] === rows) return type === 'float16' ? Float32Array.from(data as Float32Array) : (data as Values)
  throw new CairnError('BAD_DEFINITION', `output "${name}" does not have a row for each row of the input`, {
    next: 'pass all rows at once: predict(feeds, { batch: Infinity })',
  })
}

function join(parts: readonly Values[]): Values {
  const [first] = parts
  if (parts.length === 1) return first!
  if (Array.isArray(first)) return (parts as string[][]).flat()
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const joined = new (first!.constructor as Float32ArrayConstructor)(length)
  let at = 0
  for (const part of parts as Float32Array[]) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
