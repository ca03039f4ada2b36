import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'
import { isInside } from '@cairn/files'
import { findProject } from '@cairn/workspace'
import { CairnError, type Step } from '@cairn/kernel'
import type { Graph } from '@cairn/kernel/contract'
import { changedBy } from '../changes.ts'
import { Imports } from './imports.ts'
import { recorded, type LabCall } from './record.ts'
import { optionsOf, type ReplSession } from './session.ts'

/** The first line of every saved script. */
const MARK = '// Tried with cairn explore'

/** Writes a script that repeats the changes; returns its absolute path. */
export async function saveScript(session: ReplSession, path: string): Promise<string> {
  const file = resolve(path)
  checkFile(file)
  writeFileSync(file, await scriptOf(session, file))
  return file
}

function checkFile(file: string): void {
  if (!/\.m?[jt]s$/.test(file))
    throw new CairnError('BAD_PARAMETER', `${file} is not the name of a script`, {
      next: 'end it in .ts, for example tried.ts',
    })
  if (existsSync(file) && !readFileSync(file, 'utf8').startsWith(MARK))
    throw new CairnError('BAD_PARAMETER', `${file} already exists and was not written by cairn explore`, {
      next: 'choose another name',
    })
}

async function scriptOf({ opened, changes, options: { on, atRunCode } }: ReplSession, file: string): Promise<string> {
  const { base, playground, loaded, workspace } = opened.session
  const { store, root } = workspace.project
  const imports = new Imports(file, ['explore', 'findProject', 'lab', 'run'])
  const isOwnStore = findProject(root).store === store
  if (!isOwnStore) imports.package('findProject', 'cairn/explore')
  imports.package('explore', 'cairn/explore')
  const pipeline = await imports.of(loaded.pipeline, loaded.file)

  const calls: LabCall[] = []
  await changedBy(recorded(opened, calls), optionsOf(changes))
  const chain: string[] = []
  for (const call of calls) chain.push(...(await callLines(call, loaded.pipeline.graph, imports)))

  const folder = isInside(file, root) ? 'import.meta.dirname' : literal(root)
  const project = isOwnStore ? folder : `{ ...findProject(${folder}), store: ${literal(store)} }`
  return `${MARK}, from a run of ${base.pipeline}. To run it again: node ${relative(process.cwd(), file)}
${imports.lines.join('\n')}

const lab = await explore(${pipeline}, {
  base: ${literal(base.run)},
  playground: ${literal(playground)},${on === undefined ? '' : `\n  on: ${literal(on)},`}${atRunCode ? '\n  atRunCode: true,' : ''}
  project: ${project},
})
const run = await lab${chain.map((call) => `\n  ${call}`).join('')}${chain.length > 0 ? '\n  ' : ''}.run()
console.table(await run.compare())
`
}

async function callLines({ method, args }: LabCall, graph: Graph, imports: Imports): Promise<string[]> {
  if (method === 'settings') return settingLines(args[0] as Readonly<Record<string, unknown>>, graph)
  if (method !== 'swap') return args.length > 0 ? [`.${method}(${args.map(literal).join(', ')})`] : []
  const [step, by, path] = args as [string, Step, string]
  return [`.swap(${literal(step)}, ${await imports.of(by, path)})`]
}

/** Parameters of a step grouped by its name; all others by path. */
function settingLines(settings: Readonly<Record<string, unknown>>, graph: Graph): string[] {
  const steps: Record<string, Record<string, unknown>> = {}
  const others: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(settings)) {
    const dot = path.lastIndexOf('.')
    const step = path.slice(0, Math.max(0, dot))
    if (graph.nodes.get(step)?.type === 'step') (steps[step] ??= {})[path.slice(dot + 1)] = value
    else others[path] = value
  }
  return [
    ...(Object.keys(others).length > 0 ? [`.settings(${literal(others)})`] : []),
    ...Object.entries(steps).map(([step, values]) => `.params(${literal(step)}, ${literal(values)})`),
  ]
}

function literal(value: unknown): string {
  return inspect(value, { depth: null, breakLength: Infinity, maxArrayLength: null, maxStringLength: null })
}
