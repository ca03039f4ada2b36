import { readdirSync, realpathSync, statSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { subscribe } from 'node:diagnostics_channel'
import { dirname, join, resolve, sep } from 'node:path'
import type { ErrorRecord, Thrown } from '@cairn/records'

/**
 * What bodies may access on their machine, besides what their work gives them. Node's permission model enforces this
 * for JavaScript, but not for native code in packages.
 */
export interface Confinement {
  /** Names of the host's environment variables that bodies see. */
  readonly environment: readonly string[]
  /** Files and folders that bodies may read, besides the project's own. */
  readonly reads: readonly string[]
  /** Files and folders that bodies may write and read, besides their scratch folders. */
  readonly writes: readonly string[]
  /** Whether bodies may start programs. */
  readonly programs: boolean
}

interface Places {
  /** The project's folder. */
  readonly root: string
  /** The folder that holds the scratch folders. */
  readonly scratch: string
  /** Entry point of the worker process. */
  readonly main: string
}

/** Environment variables that programs need and that hold no credentials. */
const HARMLESS = ['PATH', 'HOME', 'LANG', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']

/**
 * Returns the environment of a confined process.
 *
 * @param scratch scratch folder of the host
 * @param temporary folder for the process's temporary files (`TMPDIR`)
 */
export function confinedEnvironment(
  { environment }: Confinement,
  scratch: string,
  temporary: string,
): NodeJS.ProcessEnv {
  const seen = [...HARMLESS, ...environment].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  // A separate compile cache: no unconfined process may run code that bodies can write.
  const compiled = getCompileCacheDir() && { NODE_COMPILE_CACHE: join(scratch, 'compiled') }
  return { ...Object.fromEntries(seen), TMPDIR: temporary, ...compiled }
}

const NOWHERE = '/dev/null'
/** Every body may read these: they reveal nothing. */
const DEVICES = [NOWHERE, '/dev/zero', '/dev/random', '/dev/urandom']

/** Returns the options of Node that enforce a confinement. */
export function permissionOptions({ reads, writes, programs }: Confinement, places: Places): string[] {
  const { root, scratch, main } = places
  const written = [scratch, ...writes]
  const read = [
    ...partsOf(root),
    ...packagesFrom(root),
    ...packagesFrom(main),
    packageFolderOf(main),
    ...reads,
    ...written,
  ]
  return [
    '--permission',
    '--disable-sigusr1', // otherwise another step's body, of the same user, could debug this process
    '--allow-addons', // tables and models need the addons of DuckDB and ONNX Runtime
    '--allow-worker', // a thread checks that the host is still running
    '--disable-warning=SecurityWarning', // the two options above cause it
    ...(programs ? ['--allow-child-process'] : []),
    ...outermost([...read, ...DEVICES]).map((path) => `--allow-fs-read=${path}`),
    ...outermost([...written, NOWHERE]).map((path) => `--allow-fs-write=${path}`),
  ]
}

/** Removes paths inside other paths. Node denies access to a folder if a path inside it is also listed. */
function outermost(paths: readonly string[]): string[] {
  const isIn = (path: string, folder: string) => path !== folder && `${path}${sep}`.startsWith(`${folder}${sep}`)
  return [...new Set(paths.map((path) => resolve(path)))].filter(
    (path) => !paths.some((other) => isIn(path, resolve(other))),
  )
}

/**
 * Returns a value that changes when entries of the project's folder or its packages are added or removed. A process is
 * confined to the entries that exist when it starts.
 */
export function confinementStamp(root: string): string {
  return [root, join(root, 'node_modules')]
    .map((folder) => statSync(folder, { throwIfNoEntry: false })?.mtimeMs)
    .join(' ')
}

/**
 * Returns a message if a body failed because it was denied a permission. Node's message names neither the file nor the
 * setting.
 */
export function deniedError(
  { fields = {}, cause }: Thrown,
  step: string,
): Pick<ErrorRecord, 'message' | 'next'> | undefined {
  const { code, permission, resource } = fields
  const [verb, setting] = SETTINGS.get(permission) ?? []
  if (code !== 'ERR_ACCESS_DENIED' || verb === undefined) return cause && deniedError(cause, step)
  return {
    message: `${step} is not allowed to ${verb} ${typeof resource === 'string' && resource !== '' ? resource : verb === 'start' ? 'programs' : 'files'} on this host`,
    next: `allow it with an environment variable of the service: ${setting}`,
  }
}

/** By Node's name of the permission: the action, and the setting that allows it. */
const SETTINGS = new Map<unknown, readonly [verb: string, setting: string]>([
  ['FileSystemRead', ['read', 'CAIRN_STEP_READS=<folder>']],
  ['FileSystemWrite', ['write', 'CAIRN_STEP_WRITES=<folder>']],
  ['ChildProcess', ['start', 'CAIRN_STEP_PROGRAMS=true']],
])

interface Denial {
  readonly permission: string
  readonly resource: string
}

/**
 * Records what bodies are denied. Some functions of Node report no error (`glob` finds nothing, `exists` returns
 * false), and a body may take an error for a missing file.
 */
export class Denials {
  #root = ''
  /** The first denial within the project. */
  #denied: Denial | undefined

  constructor() {
    for (const kind of ['fs', 'child'])
      subscribe(`node:permission-model:${kind}`, (message) => {
        const denial = message as Denial
        if (`${denial.resource}${sep}`.startsWith(`${this.#root}${sep}`)) this.#denied ??= denial
      })
  }

  /** Clears the recorded denial, and records denials within a project from now on. */
  begin(root: string): void {
    this.#root = root
    this.#denied = undefined
  }

  /**
   * @throws an error with the code ERR_ACCESS_DENIED if something in the project was denied. Anything outside it counts
   *   as missing, as in a container.
   */
  check(): void {
    if (!this.#denied) return
    const { permission, resource } = this.#denied
    throw Object.assign(new Error('not allowed'), { permission, resource, code: 'ERR_ACCESS_DENIED' })
  }
}

/**
 * Lists the entries of a project that bodies may read: all but hidden ones, which may hold credentials. If none is
 * hidden, lists only the project's folder.
 */
function partsOf(root: string): string[] {
  const parts = entries(root).filter(({ name }) => !name.startsWith('.'))
  if (parts.length === entries(root).length) return [root]
  return parts.flatMap(({ name }) => [join(root, name), ...real(join(root, name))])
}

/**
 * Lists the folders where Node looks for packages from a place upwards, and the targets of packages that are linked
 * there.
 */
function packagesFrom(place: string): string[] {
  const folders: string[] = []
  for (let at = place; ; at = dirname(at)) {
    const packages = join(at, 'node_modules')
    folders.push(...(entries(packages).length > 0 ? [realpathSync(packages)] : []), ...linkedIn(packages))
    if (dirname(at) === at) return folders
  }
}

function linkedIn(packages: string): string[] {
  return entries(packages).flatMap((entry) => {
    const path = join(packages, entry.name)
    if (entry.isSymbolicLink()) return real(path)
    return entry.name.startsWith('@') ? linkedIn(path) : []
  })
}

/** Returns the folder of the package that a program belongs to. */
function packageFolderOf(main: string): string {
  for (let at = dirname(main); ; at = dirname(at)) {
    if (statSync(join(at, 'package.json'), { throwIfNoEntry: false })) return at
    if (dirname(at) === at) return dirname(main)
  }
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return [] // no such folder
  }
}

function real(path: string): string[] {
  try {
    return [realpathSync(path)]
  } catch {
    return [] // a broken link
  }
}
