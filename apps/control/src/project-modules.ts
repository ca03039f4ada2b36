import { readFileSync, realpathSync, statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Lets a process plan many times, each time like a new process. Must be imported before everything else. The project's own
 * modules are evaluated again for each plan, so that no state of theirs is carried over. Packages stay loaded, so the
 * process must be replaced once a file that it has loaded changes.
 */

/** The number of this evaluation of the project's modules. */
let evaluation = 0
/** Whether state is left that the next plan would see. */
let hasState = false
/** Files and folders that decide what is loaded, as they were before use; empty if missing. */
const stamps = new Map<string, string>()
let globalState = ''

/** Starts over: modules that are imported from now on are evaluated again. */
export function beginPlan(root: string): void {
  evaluation++
  recordPackageStamps(realpathSync(root))
  globalState = currentGlobalState()
}

/** Whether everything that this process has loaded is still current. */
export function isCurrent(): boolean {
  return [...stamps].every(([path, stamp]) => stampOf(path) === stamp)
}

/** Whether the next plan would see state of this one. */
export function hasLeftState(): boolean {
  return hasState || currentGlobalState() !== globalState
}

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    if (!found.url.startsWith('file:')) return found
    const url = new URL(found.url)
    const file = fileURLToPath(url)
    recordStamp(file)
    const [, installed] = INSTALLED_IN.exec(file) ?? []
    if (installed !== undefined) recordStamp(join(installed, 'package.json'))
    if (!isProjectCode(file)) return found
    recordPackageStamps(dirname(file))
    // Node caches required modules by file only.
    const isRequired = context.conditions.includes('require')
    if (isRequired || found.format?.startsWith('commonjs') || /\.(c[jt]s|node|wasm)$/.test(file)) {
      hasState = true
      return found
    }
    url.searchParams.set('plan', String(evaluation))
    return { ...found, url: url.href }
  },
})

function recordStamp(path: string): void {
  if (!stamps.has(path)) stamps.set(path, stampOf(path))
}

/** The folder of the package that a file is part of. */
const INSTALLED_IN = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//

/** Installed packages, and the package of each module. */
function recordPackageStamps(folder: string): void {
  for (const name of INSTALLED) recordStamp(join(folder, name))
  const above = dirname(folder)
  if (above !== folder && !stamps.has(join(above, 'package.json'))) recordPackageStamps(above)
}
const INSTALLED = [
  'package.json',
  'node_modules',
  'node_modules/.package-lock.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
]

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch {
    return ''
  }
}

/** Global state that modules of two plans share. */
function currentGlobalState(): string {
  const globals = Reflect.ownKeys(globalThis).map(String)
  return JSON.stringify([process.cwd(), process.env, globals.filter((name) => !OF_PACKAGES.test(name))])
}
/** Zod's own settings, and globals that Node adds when it loads `fetch`. */
const OF_PACKAGES = /^(__zod_|Symbol\(undici\.)/

const own = dirname(fileURLToPath(import.meta.url))
const projectFolders = new Map<string, boolean>()

/** Whether a file is neither in an installed package nor part of Cairn. */
function isProjectCode(file: string): boolean {
  if (file.includes('/node_modules/')) return false
  const folder = dirname(file)
  let known = projectFolders.get(folder)
  if (known === undefined)
    projectFolders.set(folder, (known = folder !== own && !/^@cairn\/(?!pipelines$)/.test(nameOf(folder))))
  return known
}

/** The name of the package that a folder is part of. */
function nameOf(folder: string): string {
  try {
    const { name = '' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }
    return name
  } catch {
    const above = dirname(folder)
    return above === folder ? '' : nameOf(above)
  }
}
