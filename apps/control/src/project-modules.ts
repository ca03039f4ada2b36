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
let round = 0
/** Whether state is left that the next plan would see. */
let isSpent = false
/** Files and folders that decide what is loaded, as they were before use; empty if missing. */
const seen = new Map<string, string>()
let surroundings = ''

/** Starts over: modules that are imported from now on are evaluated again. */
export function beginPlan(root: string): void {
  round++
  seeAround(realpathSync(root))
  surroundings = surroundingsNow()
}

/** Whether everything that this process has loaded is still current. */
export function isCurrent(): boolean {
  return [...seen].every(([path, stamp]) => stampOf(path) === stamp)
}

/** Whether the next plan would see state of this one. */
export function hasLeftTraces(): boolean {
  return isSpent || surroundingsNow() !== surroundings
}

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    if (!found.url.startsWith('file:')) return found
    const url = new URL(found.url)
    const file = fileURLToPath(url)
    see(file)
    const [, installed] = INSTALLED_IN.exec(file) ?? []
    if (installed !== undefined) see(join(installed, 'package.json'))
    if (!isProjects(file)) return found
    seeAround(dirname(file))
    // Node caches required modules by file only.
    const isRequired = context.conditions.includes('require')
    if (isRequired || found.format?.startsWith('commonjs') || /\.(c[jt]s|node|wasm)$/.test(file)) {
      isSpent = true
      return found
    }
    url.searchParams.set('plan', String(round))
    return { ...found, url: url.href }
  },
})

function see(path: string): void {
  if (!seen.has(path)) seen.set(path, stampOf(path))
}

/** The folder of the package that a file is part of. */
const INSTALLED_IN = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//

/** Installed packages, and the package of each module. */
function seeAround(folder: string): void {
  for (const name of INSTALLED) see(join(folder, name))
  const above = dirname(folder)
  if (above !== folder && !seen.has(join(above, 'package.json'))) seeAround(above)
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
function surroundingsNow(): string {
  const globals = Reflect.ownKeys(globalThis).map(String)
  return JSON.stringify([process.cwd(), process.env, globals.filter((name) => !OF_PACKAGES.test(name))])
}
/** Zod's own settings, and globals that Node adds when it loads `fetch`. */
const OF_PACKAGES = /^(__zod_|Symbol\(undici\.)/

const own = dirname(fileURLToPath(import.meta.url))
const projects = new Map<string, boolean>()

/** Whether a file is neither in an installed package nor part of Cairn. */
function isProjects(file: string): boolean {
  if (file.includes('/node_modules/')) return false
  const folder = dirname(file)
  let known = projects.get(folder)
  if (known === undefined)
    projects.set(folder, (known = folder !== own && !/^@cairn\/(?!pipelines$)/.test(nameOf(folder))))
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
