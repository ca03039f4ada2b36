import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CairnError } from '@cairn/kernel'
import { distOf, isFresh, repository } from '../../bin/built.js'

export type App = 'control' | 'stage'

/** The modules that `cairn up` starts. */
export interface Programs {
  readonly apps: Readonly<Record<App, AppProgram>>
  /** Prepares Kafka and MinIO. */
  readonly servers: string
}
export interface AppProgram {
  readonly main: string
  /** Preload this module for tracking. */
  readonly tracking: string
  /** Changes when the program does. */
  readonly build: string
}

const PACKAGE = '@cairn/services'

/**
 * Finds the programs: in this repository, where they are built if needed, or in the package `@cairn/services` that the
 * project has installed.
 *
 * @throws CairnError NOT_FOUND if the package is not installed, or of another version than this command line
 */
export async function findPrograms(root: string, report: (line: string) => void): Promise<Programs> {
  if (isRepository()) {
    await build(report)
    return {
      apps: { control: builtApp('control'), stage: builtApp('stage') },
      servers: join(repository, 'tools', 'servers', 'main.ts'),
    }
  }
  const manifest = packageManifest(root)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const own = ownVersion()
  if (version !== own)
    throw new CairnError('NOT_FOUND', `${PACKAGE} has version ${version}, and cairn has version ${own}`, {
      next: `npm install ${PACKAGE}@${own}`,
    })
  const dist = join(dirname(manifest), 'dist')
  const installed = (app: App): AppProgram => ({
    main: join(dist, `${app}.js`),
    tracking: join(dist, 'tracking.js'),
    build: version,
  })
  return {
    apps: { control: installed('control'), stage: installed('stage') },
    servers: join(dist, 'servers', 'main.js'),
  }
}

/** Whether this is the command line of Cairn's repository, which is not a package that somebody installed. */
function isRepository(): boolean {
  try {
    const { name } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { name?: string }
    return name === '@cairn/root'
  } catch {
    return false
  }
}

function packageManifest(root: string): string {
  try {
    return createRequire(join(root, 'package.json')).resolve(`${PACKAGE}/package.json`)
  } catch {
    throw new CairnError('NOT_FOUND', `the services are not installed in this project`, {
      next: `npm install --save-dev ${PACKAGE}@${ownVersion()}`,
    })
  }
}

/** The version of the package that this module is part of. */
function ownVersion(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version
}

function builtApp(app: App): AppProgram {
  const dist = distOf(app)
  return {
    main: join(dist, 'main.js'),
    tracking: join(dist, 'tracking.js'),
    build: readFileSync(join(dist, 'sources.json'), 'utf8'),
  }
}

/** Builds the services if needed. Unlike the command line they cannot run from source: Node does not support decorators. */
async function build(report: (line: string) => void): Promise<void> {
  const stale = ['control', 'stage'].filter((app) => !isFresh(app))
  if (stale.length === 0) return
  report(`building ${stale.join(' and ')}`)
  await promisify(execFile)(process.execPath, [join(repository, 'tools', 'setup', 'build.js'), ...stale])
}
