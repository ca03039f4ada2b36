import { join } from 'node:path'
import { makeArtifact, openArtifact, revived, type ItemWork, type EncodedArtifact, type Work } from '@cairn/records'
import { keepCarriedFiles } from '@cairn/kernel/contract'
import {
  CairnError,
  suggest,
  type ArtifactRef,
  type Encoder,
  type Kinds,
  type ConnectorContext,
  type Connectors,
  type Opened,
  type Context,
} from '@cairn/kernel'
import { seededRandom } from './random.ts'
import { refuseSecrets } from './returned-secrets.ts'
import { takeFile, withPlace } from '@cairn/files'

/** A step's code in memory: the exports of a stored closure, or the step itself. */
export interface LoadedCode {
  readonly inputs?: Kinds
  readonly outputs: Kinds
  readonly reads?: Connectors
  readonly run: (inputs: never, params: never, context: Context) => unknown
  readonly fallback?: (error: Error) => unknown
}

/** What the process that runs a step body provides to it. */
export interface BodyEnvironment {
  readonly signal: AbortSignal
  /** An empty folder for this item alone, created on first access. */
  readonly scratch: string
  /** The folder for encoded files, from which the store takes them; created on first access. */
  readonly outbox: string
  /** Whether nothing that the body started is still running. Absent when that is unknown. */
  readonly isIdle?: () => boolean
  readonly secrets: Readonly<Record<string, string>>
  readonly root: string
  readonly remember: ConnectorContext['remember']
}

/**
 * Runs one call of a step body: opens its inputs, runs the body, and checks and encodes what it returns.
 *
 * @throws CairnError BAD_OUTPUT for a wrong return value or one that contains a secret; SOURCE_UNREACHABLE when a
 * source has changed since planning
 */
export async function execute(
  code: LoadedCode,
  work: Pick<Work, 'step' | 'params' | 'versions' | 'open'>,
  item: ItemWork,
  environment: BodyEnvironment,
): Promise<Record<string, EncodedArtifact>> {
  keepCarriedFiles()
  if (item.error) return encode(code.outputs, await code.fallback!(revived(item.error)), work.step, environment)
  const { signal } = environment
  // A body may modify everything it receives. Each call gets its own copies, so that no change reaches another item or
  // attempt.
  const context: Context = {
    signal,
    secrets: { ...environment.secrets },
    random: seededRandom(item.key),
    get scratch() {
      return environment.scratch
    },
  }
  const { root, remember } = environment
  const outside = code.reads && {
    ...context,
    secrets: { ...environment.secrets },
    params: structuredClone(work.params),
    root,
    remember,
    hasCachePolicy: false,
  }
  const inputs = {
    ...(await openInputs(kindsOf(code), item.inputs, work, environment)),
    ...(outside && (await openConnectors(code.reads, outside))),
  }
  const returned = await code.run(inputs as never, structuredClone(work.params) as never, context)
  signal.throwIfAborted()
  const made = await encode(code.outputs, returned, work.step, environment)
  await refuseSecrets(code.outputs, made, {
    step: work.step,
    secrets: environment.secrets,
    scratch: () => environment.scratch,
  })
  if (outside) await checkVersions(code.reads, work, outside)
  return made
}

/** The kinds of the inputs, and of what a source reads from other pipelines. */
function kindsOf({ inputs = {}, reads = {} }: LoadedCode): Kinds {
  const ofOthers = Object.entries(reads).flatMap(([name, { production }]) =>
    production ? [[name, production.kind] as const] : [],
  )
  return { ...inputs, ...Object.fromEntries(ofOthers) }
}

async function openInputs(
  kinds: Kinds,
  refs: Readonly<Record<string, ArtifactRef>>,
  { step, open }: Pick<Work, 'step' | 'open'>,
  environment: BodyEnvironment,
): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(kinds))
    try {
      inputs[name] = await kind.decode(openArtifact(refs[name]!, open, () => environment.scratch))
    } catch (error) {
      throw located(
        withPlace(error, () => environment.scratch),
        `input "${name}" of ${step}`,
      )
    }
  return inputs
}

async function openConnectors<R extends Connectors>(reads: R, context: ConnectorContext): Promise<Opened<R>> {
  const outside = Object.entries(reads).filter(([, { production }]) => !production)
  const opened = outside.map(async ([name, connector]) => [name, await connector.open(context)] as const)
  return Object.fromEntries(await Promise.all(opened)) as Opened<R>
}

/** The versions that were read must be those in the plan, because the checkpoint's key depends on them. */
async function checkVersions(
  reads: Connectors,
  { step, versions = {} }: Pick<Work, 'step' | 'versions'>,
  context: ConnectorContext,
) {
  for (const [name, connector] of Object.entries(reads)) {
    if (versions[name] === undefined || connector.production) continue
    const found = await connector.version?.(context)
    if (found === versions[name]) continue
    throw new CairnError('SOURCE_UNREACHABLE', `${connector.name} changed after ${step} was planned`, {
      next: 'run again to use the new version; for data that changes often, set cache: { maxAge: "1d" }',
    })
  }
}

async function encode(
  kinds: Kinds,
  returned: unknown,
  step: string,
  environment: BodyEnvironment,
): Promise<Record<string, EncodedArtifact>> {
  const names = Object.keys(kinds)
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned))
    throw new CairnError('BAD_OUTPUT', `${step} returned ${described(returned)}, not an object with the outputs`, {
      next: `return { ${names.join(', ')} }`,
    })
  const values = returned as Readonly<Record<string, unknown>>
  for (const name of Object.keys(values))
    if (!(name in kinds))
      throw new CairnError('BAD_OUTPUT', `${step} returned "${name}", which it does not declare`, {
        next: suggest(name, names, 'declare it in outputs, or remove it'),
      })
  const made: Record<string, EncodedArtifact> = {}
  for (const name of names) {
    if (values[name] === undefined)
      throw new CairnError('BAD_OUTPUT', `${step} did not return "${name}"`, { next: `return { ${names.join(', ')} }` })
    made[name] = await encodeOutput(kinds[name]!, values[name], `output "${name}" of ${step}`, name, environment)
  }
  return made
}

async function encodeOutput(
  kind: Kinds[string],
  value: unknown,
  what: string,
  name: string,
  environment: BodyEnvironment,
) {
  let files = 0
  const file = () => join(environment.outbox, `${name}-${files++}`)
  const body = kind.item ? undefined : environment // the body of a list may still create files
  const encoder: Encoder = { signal: environment.signal, file, take: (path) => takeFile(path, file, body) }
  try {
    return makeArtifact(await kind.encode(value, encoder))
  } catch (error) {
    throw located(
      withPlace(error, () => environment.outbox),
      what,
    )
  }
}

/** Puts the location in front of a CairnError's message. Other errors stay unchanged. */
function located(error: unknown, where: string): unknown {
  if (!(error instanceof CairnError)) return error
  const { code, message, next, cause } = error
  return new CairnError(code, `${where}: ${message}`, { ...(next !== undefined && { next }), cause: cause ?? error })
}

function described(value: unknown): string {
  return value === null
    ? 'null'
    : Array.isArray(value)
      ? 'an array'
      : value === undefined
        ? 'nothing'
        : `a ${typeof value}`
}
