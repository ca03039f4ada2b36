import { readFile } from 'node:fs/promises'
import {
  CairnError,
  canonical,
  checkOptions,
  takes,
  type Artifact,
  type Json,
  type Kind,
  type LocalFile,
} from '@cairn/kernel'
import type { StoredFile } from '../file.ts'
import type { OnnxGraph } from './onnx-graph.ts'
import { fitsSpec, parseSpec, specText, type Tensors, type TensorShape } from './tensors.ts'
import type { Model } from './trained-model.ts'

/** A model: the bytes or the path of an ONNX file, a graph to write as ONNX, or a model that the step has received. */
export type ModelInput = Uint8Array | string | LocalFile | StoredFile | Model | OnnxGraph

/**
 * A kind for trained models, stored as ONNX. Writing a model loads it once, so a model that cannot predict is refused
 * with BAD_OUTPUT.
 *
 * @param declared the types of inputs and outputs, by name. The model takes exactly these inputs; it may have more
 *   outputs.
 * @throws CairnError BAD_DEFINITION for an unknown option or type
 * @example
 * const DelayModel = model({ inputs: { features: 'float32[*,8]' }, outputs: { late: 'float32[*,1]' } })
 */
export function model(): Kind<Model, ModelInput>
export function model<const I extends Tensors, const O extends Tensors>(declared: {
  readonly inputs: I
  readonly outputs: O
}): Kind<Model<I, O>, ModelInput>
export function model(declared?: { readonly inputs: Tensors; readonly outputs: Tensors }): Kind<Model, ModelInput> {
  if (declared !== undefined) checkOptions(declared, { inputs: takes.named, outputs: takes.named }, 'model')
  const specs = declared && { inputs: parseSpecs(declared.inputs), outputs: parseSpecs(declared.outputs) }
  const schema = specs ? { inputs: specTexts(specs.inputs), outputs: specTexts(specs.outputs) } : true
  return {
    name: 'model',
    version: 1,
    extension: 'onnx',
    schema,
    async encode(value) {
      const bytes = await modelBytes(value)
      const found = (await import('./onnx.ts')).readOnnx(bytes)
      if (specs) checkTensors(found, specs)
      await (await import('./predict.ts')).checkLoads(bytes)
      const nodes = Object.values(found.operators).reduce((sum, count) => sum + count, 0)
      return { bytes, summary: { inputs: line(found.inputs), outputs: line(found.outputs), nodes } }
    },
    decode: (artifact) => openModel(artifact, declared && Object.keys(declared.outputs)),
    async preview(artifact) {
      return { type: 'summary', fields: { ...(await openModel(artifact).describe()) } }
    },
    compare: async (before, after, options) =>
      (await import('./compare.ts')).compareModels(openModel(before), openModel(after), options),
    accepts: (produced) => produced.kind === 'model' && fitsModel(produced.schema, schema),
  }
}

function openModel(artifact: Artifact, outputs?: readonly string[]): Model {
  let session: ReturnType<typeof import('./predict.ts').openSession> | undefined
  return {
    bytes: () => artifact.bytes(),
    async describe() {
      const { inputs, outputs, ...rest } = (await import('./onnx.ts')).readOnnx(await artifact.bytes())
      return { inputs: specTexts(inputs), outputs: specTexts(outputs), ...rest }
    },
    async predict(feeds, { batch = 16_384, outputs: chosen = outputs } = {}) {
      if (!(batch >= 1)) throw new CairnError('BAD_DEFINITION', `batch must be at least 1, not ${batch}`)
      const { openSession, predict } = await import('./predict.ts')
      session ??= artifact.path().then(openSession)
      return predict(await session, feeds, chosen, batch)
    },
  }
}

async function modelBytes(value: ModelInput): Promise<Uint8Array> {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'object' && value !== null && 'predict' in value) return value.bytes()
  if (typeof value === 'object' && value !== null && 'nodes' in value) return written(value)
  const path = typeof value === 'object' && value !== null ? value.path : value
  if (typeof path === 'function') return readFile(await path())
  if (typeof path === 'string')
    return readFile(path).catch((cause: Error) => {
      throw new CairnError('BAD_OUTPUT', `the model cannot be read: ${cause.message}`, { cause })
    })
  throw new CairnError('BAD_OUTPUT', `value is ${value === null ? 'null' : typeof value}, not a model`, {
    next: 'return the bytes or the path of an ONNX file, or a graph: { name, opsets, inputs, outputs, nodes }',
  })
}

async function written(graph: OnnxGraph): Promise<Uint8Array> {
  const { writeOnnx } = await import('./write-onnx.ts')
  try {
    return writeOnnx(graph)
  } catch (cause) {
    throw new CairnError('BAD_OUTPUT', `the graph cannot be written as ONNX: ${(cause as Error).message}`, { cause })
  }
}

type Shapes = Readonly<Record<string, TensorShape>>
interface Interface {
  readonly inputs: Shapes
  readonly outputs: Shapes
}

function checkTensors(found: Interface, declared: Interface): void {
  for (const side of ['inputs', 'outputs'] as const)
    for (const [name, shape] of Object.entries(declared[side])) {
      const actual = found[side][name]
      if (actual && fitsSpec(actual, shape)) continue
      const is = actual ? `is ${specText(actual)}` : 'is missing'
      throw new CairnError('BAD_OUTPUT', `${side.slice(0, -1)} "${name}" of the model ${is}, not ${specText(shape)}`, {
        next: `its ${side} are ${line(found[side])}`,
      })
    }
  for (const name of Object.keys(found.inputs))
    if (!(name in declared.inputs))
      throw new CairnError('BAD_OUTPUT', `the model takes an input "${name}" that is not declared`)
}

/** Whether the inputs are the same and all wanted outputs exist. */
function fitsModel(produced: Json, wanted: Json): boolean {
  if (wanted === true || canonical(produced) === canonical(wanted)) return true
  if (produced === true) return false
  const [given, asked] = [produced, wanted] as unknown as { inputs: Json; outputs: Record<string, string> }[]
  return (
    canonical(given!.inputs) === canonical(asked!.inputs) &&
    Object.entries(asked!.outputs).every(([name, spec]) => given!.outputs[name] === spec)
  )
}

function parseSpecs(tensors: Tensors): Shapes {
  return Object.fromEntries(Object.entries(tensors).map(([name, spec]) => [name, parseSpec(name, spec)]))
}

function specTexts(shapes: Shapes): Record<string, string> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, specText(shape)]))
}

function line(shapes: Shapes): string {
  const specs = Object.entries(specTexts(shapes))
  return specs.map(([name, spec]) => `${name} ${spec}`).join(', ')
}
