import { readdirSync, realpathSync, statSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { subscribe } from 'node:diagnostics_channel'
import { dirname, join, resolve, sep } from 'node:path'
import type { ErrorRecord, Thrown } from '@cairn/records'

/**
 * What bodies may reach of the machine that they run on, besides what their work hands to them. Enforced by Node's
 * permission model: it binds JavaScript, not what native code of a package does by itself.
 */
export interface Confinement {
  /** Names of variables of the host's environment that bodies see. */
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
  /** The program that bodies run in. */
  readonly main: string
}

/** What every program needs to find its way; none of it tells who the host is. */
const HARMLESS = ['PATH', 'HOME', 'LANG', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']

/** @param temporary folder for what programs put where the system has temporary files */
export function environmentWithin({ environment }: Confinement, scratch: string, temporary: string): NodeJS.ProcessEnv {
  const seen = [...HARMLESS, ...environment].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  // Compiled code is kept apart: what bodies may write no one else runs.
  const compiled = getCompileCacheDir() && { NODE_COMPILE_CACHE: join(scratch, 'compiled') }
  return { ...Object.fromEntries(seen), TMPDIR: temporary, ...compiled }
}

/** What is written here is gone. */
const NOWHERE = '/dev/null'
/** They tell nothing of anyone. */
const DEVICES = [NOWHERE, '/dev/zero', '/dev/random', '/dev/urandom']

/** Options that start Node so confined. */
export function permissionOptions({ reads, writes, programs }: Confinement, places: Places): string[] {
  const { root, scratch, main } = places
  const written = [scratch, ...writes]
  const read = [...partsOf(root), ...packagesFrom(root), ...packagesFrom(main), homeOf(main), ...reads, ...written]
  return [
    '--permission',
    '--disable-sigusr1', // else a body of another step, of the same user, could debug this one
    '--allow-addons', // of DuckDB, ONNX: without them no table, no model
    '--allow-worker', // by which the process notices that its host is gone
    '--disable-warning=SecurityWarning', // of these two
    ...(programs ? ['--allow-child-process'] : []),
    ...outermost([...read, ...DEVICES]).map((path) => `--allow-fs-read=${path}`),
    ...outermost([...written, NOWHERE]).map((path) => `--allow-fs-write=${path}`),
  ]
}

/** Without what lies in another: Node does not let a folder be read that is named after one of its parts. */
function outermost(paths: readonly string[]): string[] {
  const isIn = (path: string, folder: string) => path !== folder && `${path}${sep}`.startsWith(`${folder}${sep}`)
  return [...new Set(paths.map((path) => resolve(path)))].filter(
    (path) => !paths.some((other) => isIn(path, resolve(other))),
  )
}

/** Changes with what is directly in the project, and with what is installed: a process is confined when it starts. */
export function confinementStamp(root: string): string {
  return [root, join(root, 'node_modules')]
    .map((folder) => statSync(folder, { throwIfNoEntry: false })?.mtimeMs)
    .join(' ')
}

/** What a body was not allowed, where that is why it failed. Node names neither the file nor whom to ask. */
export function refusalIn(
  { fields = {}, cause }: Thrown,
  step: string,
): Pick<ErrorRecord, 'message' | 'next'> | undefined {
  const { code, permission, resource } = fields
  const [verb, setting] = SETTINGS.get(permission) ?? []
  if (code !== 'ERR_ACCESS_DENIED' || verb === undefined) return cause && refusalIn(cause, step)
  return {
    message: `${step} is not allowed to ${verb} ${typeof resource === 'string' && resource !== '' ? resource : verb === 'start' ? 'programs' : 'files'} on this host`,
    next: `allow it with an environment variable of the service: ${setting}`,
  }
}

/** By Node's names: what is not allowed, and what allows it. */
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
 * Notes what bodies are not allowed. Some of Node's functions do not tell: `glob` finds nothing, `exists` says no; and a
 * body may take an error for a missing file.
 */
export class Denials {
  #root = ''
  /** The first of the project. */
  #denied: Denial | undefined

  constructor() {
    for (const kind of ['fs', 'child'])
      subscribe(`node:permission-model:${kind}`, (message) => {
        const denial = message as Denial
        if (`${denial.resource}${sep}`.startsWith(`${this.#root}${sep}`)) this.#denied ??= denial
      })
  }

  /** Forgets what was noted, and notes what of a project is denied from now on. */
  begin(root: string): void {
    this.#root = root
    this.#denied = undefined
  }

  /** @throws when something of the project was denied: what is outside is not there, as in a container */
  check(): void {
    if (!this.#denied) return
    const { permission, resource } = this.#denied
    throw Object.assign(new Error('not allowed'), { permission, resource, code: 'ERR_ACCESS_DENIED' })
  }
}

/** What lies in a project, but for what is hidden: credentials are. */
function partsOf(root: string): string[] {
  const parts = entries(root).filter(({ name }) => !name.startsWith('.'))
  if (parts.length === entries(root).length) return [root]
  return parts.flatMap(({ name }) => [join(root, name), ...real(join(root, name))])
}

/** Wherever Node looks for packages from a place on, and where those are that are only linked there. */
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

/** The package that a program is part of. */
function homeOf(main: string): string {
  for (let at = dirname(main); ; at = dirname(at)) {
    if (statSync(join(at, 'package.json'), { throwIfNoEntry: false })) return at
    if (dirname(at) === at) return dirname(main)
  }
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return [] // there is none
  }
}

function real(path: string): string[] {
  try {
    return [realpathSync(path)]
  } catch {
    return [] // it leads nowhere
  }
}
