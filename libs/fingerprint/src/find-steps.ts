import { existsSync, realpathSync } from 'node:fs'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Step } from '@cairn/kernel'
import type { Sources } from './closure.ts'
import type { External, Links, Target } from './link.ts'
import type { Module } from './modules.ts'
import { exactFile } from './packages/resolve.ts'
import { refuse } from './analyse/syntax.ts'
import type { Root } from './walk.ts'

/**
 * Finds the exports that are these steps. The modules have been evaluated already, so an import returns the same
 * objects.
 */
export async function findSteps(
  steps: ReadonlySet<Step>,
  { modules, entry, links }: Sources,
): Promise<Map<Step, Target>> {
  const found = new Map<Step, Target>()
  const match = (value: unknown, target: Target) => {
    if (steps.has(value as Step) && !found.has(value as Step)) found.set(value as Step, target)
  }
  const imported = staticallyImported({ modules, entry })
  for (const module of imported) {
    if (found.size === steps.size) return found
    const names = namesOfValues(module)
    if (names.length === 0) continue
    const exports = await importFile(module.file)
    for (const name of names) match(exports[name], links.export(module, name)!.target)
  }
  for (const external of imported.flatMap(packageImports)) {
    if (found.size === steps.size) return found
    const { resolved } = external
    const file = resolved.type === 'package' ? exactFile(resolved) : undefined
    const exports = file === undefined ? {} : await importFile(file)
    for (const name of external.name === '*' ? Object.keys(exports) : [external.name])
      match(exports[name], { external: { ...external, name } })
  }
  return found
}

/** Explains why a step was not found. */
export function reasonNotFound({ modules, entry }: Pick<Sources, 'modules' | 'entry'>): string {
  const faulty = staticallyImported({ modules, entry }).find(({ analysis }) => analysis.fault)
  const fault = faulty && `; ${refuse(faulty.path, faulty.analysis.fault!).message}`
  if (entry.file === scriptFile()) return 'it is defined in the running script: move it to a separate file'
  return `it is not exported by any module that ${entry.path} imports${fault ?? ''}`
}

/** The entry and its static imports, which have certainly been evaluated. */
function staticallyImported({ modules, entry }: Pick<Sources, 'modules' | 'entry'>): Module[] {
  return [...modules.values()].filter(({ order }) => order <= entry.order)
}

/** Returns where the closure of a step begins, given the export that holds the step. */
export function rootOf(target: Target, role: Root['role'], links: Links): Root {
  if (!('part' in target)) return { target: target as { external: External }, of: 'value', role }
  const { module, index } = target.part
  const { alias, step, callee } = module.analysis.units[index]!
  if (alias) return rootOf(links.of(target.part)[0]!.target, role, links)
  const called = step?.[role] && callee && cairnFunction(links.ref(module, callee).target)
  if (called === 'step' || called === 'source')
    return { target: { part: links.part(module, index, role), binding: 0 }, of: 'step', role }
  return { target, of: 'value', role }
}

/** The name of the Cairn function that a target is; undefined for any other target. */
export function cairnFunction(target: Target): string | undefined {
  return 'external' in target && target.external.resolved.type === 'cairn' ? target.external.name : undefined
}

/** Names of the module's own exports that could be steps. */
function namesOfValues({ analysis, path }: Module): string[] {
  const { exports, units } = analysis
  if (path.endsWith('.json')) return [] // Node refuses to import JSON without an attribute
  return Object.keys(exports).filter((name) => {
    const exported = exports[name]!
    return 'unit' in exported && units[exported.unit]!.what === 'value'
  })
}

function packageImports(module: Module): External[] {
  const { imports, exports, requests } = module.analysis
  const reexported = Object.values(exports).filter((exported) => 'request' in exported)
  return [...imports, ...reexported].flatMap(({ request, name }): External[] => {
    const resolved = module.resolved[request]!
    if (resolved.type !== 'package') return []
    return [{ resolved, specifier: requests[request]!.specifier, name, from: module, request }]
  })
}

async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const imported = import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<Record<string, unknown>>
  // While the running script awaits this call at its top level, importing it never settles. Its exports are not
  // initialised yet either.
  return file === scriptFile() ? Promise.race([imported, stillRunning()]) : imported
}

/**
 * Resolves, without exports, after more time and more turns of the event loop than the import of an evaluated module
 * takes, also on a busy machine.
 */
async function stillRunning(): Promise<Record<string, unknown>> {
  await sleep(50)
  for (let turns = 0; turns < 50; turns++) await turn()
  return {}
}

/** Real path of the script that this process was started with. */
function scriptFile(): string | undefined {
  const [, script] = process.argv
  return script !== undefined && existsSync(script) ? realpathSync(script) : undefined
}
