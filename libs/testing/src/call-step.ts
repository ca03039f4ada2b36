import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  ArtifactRef,
  Kinds,
  Reads,
  Writes,
  Connector,
  Connectors,
  AnySchema,
  SchemaInput,
  Step,
} from '@cairn/kernel'
import { parseParams } from '@cairn/kernel/contract'
import { execute, type LoadedCode, type BodyEnvironment } from '@cairn/execute'
import { makeArtifact, openArtifact, sha256, type EncodedArtifact } from '@cairn/records'
import { takeFile } from '@cairn/files'

/** Options of {@link callStep}. */
export interface CallOptions {
  /** The seed of the step's random numbers. @default '' */
  readonly seed?: string
  /** The secrets that the step receives, by name. @default none */
  readonly secrets?: Readonly<Record<string, string>>
  /** Cancels the step. */
  readonly signal?: AbortSignal
  /** For a source: the project's folder. @default the working directory */
  readonly root?: string
}

/**
 * Calls a step in a test as a run does. Parameters are parsed and get their defaults. Inputs and outputs pass through
 * their kinds, which refuse values that do not fit. Files are written to the system's temporary folder.
 *
 * @param inputs the values that earlier steps would return, for example plain rows for a table
 * @param params the parameters; those with defaults may be left out
 * @returns the values that later steps would receive
 * @throws CairnError BAD_PARAMETER for an unknown parameter or a value that the schema refuses
 * @throws CairnError BAD_OUTPUT when an input or output does not fit its kind
 * @example
 * const { late } = await callStep(markLate, { flights: [{ origin: 'ATL', delay: 20 }] }, { after: 15 })
 * assert.deepEqual(await late.toArray(), [{ origin: 'ATL', late: true }])
 */
export async function callStep<I extends Kinds, S extends AnySchema, O extends Kinds>(
  step: Step<I, S, O>,
  inputs: Writes<I>,
  params: Partial<SchemaInput<S>> = {},
  { seed = '', secrets = {}, signal = new AbortController().signal, root = process.cwd() }: CallOptions = {},
): Promise<Reads<O>> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-step-'))
  const files = new Map<string, string>()
  const inFolder = (name: string) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }
  const keep = ({ ref, content, items = [] }: EncodedArtifact): ArtifactRef => {
    items.forEach(keep)
    if (content && 'file' in content) files.set(ref.digest, content.file)
    else if (content) {
      const file = join(inFolder('bytes'), ref.digest)
      writeFileSync(file, content)
      files.set(ref.digest, file)
    }
    return ref
  }
  const open = (ref: ArtifactRef) => Promise.resolve(files.get(ref.digest)!)

  const { definition, name } = step
  const given: Record<string, ArtifactRef> = {}
  let written = 0
  for (const [input, kind] of Object.entries(definition.inputs ?? {})) {
    const file = () => join(inFolder('in'), String(written++))
    const encoder = { signal, file, take: (path: string) => takeFile(path, file) }
    given[input] = keep(makeArtifact(await kind.encode(inputs[input], encoder)))
  }
  const environment: BodyEnvironment = {
    signal,
    secrets,
    root,
    remember: (_, compute) => compute(),
    get scratch() {
      return inFolder('scratch')
    },
    get outbox() {
      return inFolder('out')
    },
  }
  const work = { step: name, params: await parseParams(definition.params, params, name), versions: undefined, open }
  const code = { ...definition, reads: withoutVersions(definition.reads) } as unknown as LoadedCode
  const made = await execute(code, work, { index: 0, inputs: given, key: sha256(seed) }, environment)
  const outputs = Object.entries(made).map(async ([output, artifact]) => {
    const opened = openArtifact(keep(artifact), open, () => inFolder('scratch'))
    return [output, await definition.outputs[output]!.decode(opened)]
  })
  return Object.fromEntries(await Promise.all(outputs)) as Reads<O>
}

/** Removes `version` from the connectors: without a plan, there is no version to compare with. */
function withoutVersions(reads: Connectors | undefined): Connectors | undefined {
  const opened = Object.entries(reads ?? {}).map(([name, connector]): [string, Connector<unknown>] => [
    name,
    { name: connector.name, open: (context) => connector.open(context) as unknown },
  ])
  return reads && Object.fromEntries(opened)
}
