import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError, suggest } from '@cairn/kernel'
import { pipelineNames, layout, unfinished, type ArtifactStore } from '@cairn/records'
import { isGone } from '@cairn/drivers/process-id'
import { folderStore } from '@cairn/drivers/store/folder'
import { layeredStore, readOnlyStore, type ReadableStore } from '@cairn/drivers/store/layered'
import type { Project } from '@cairn/workspace'

/** A folder for the results of exploration, on top of a read-only production store. */
export interface Playground {
  readonly name: string
  readonly createdAt: number
  readonly usedAt: number
  /** The runs that it builds on. Garbage collection keeps those of this machine until then; each use extends it. */
  readonly pins: readonly Pin[]
}
export interface Pin {
  readonly pipeline: string
  readonly run: string
  /** Milliseconds since 1970; undefined for a run of services, which does not know that a playground builds on it. */
  readonly until?: number
}

const DAY = 24 * 60 * 60 * 1000
/** How long the runs that a playground builds on are kept after its last use. */
const PINNED_MS = 30 * DAY

/** Creates or reopens a playground, and pins the run that it builds on, unless that is a run of services. */
export function openPlayground(
  project: Project,
  name: string,
  base: { readonly pipeline: string; readonly run: string; readonly isOfServices: boolean },
  now: number,
): Playground {
  const { pipeline, run, isOfServices } = base
  const known = readPlayground(project, name)
  const others = (known?.pins ?? []).filter((pin) => pin.pipeline !== pipeline || pin.run !== run)
  const playground: Playground = {
    name,
    createdAt: known?.createdAt ?? now,
    usedAt: now,
    pins: [
      ...others.filter(({ until = Infinity }) => until > now),
      { pipeline, run, ...(!isOfServices && { until: now + PINNED_MS }) },
    ],
  }
  mkdirSync(folderOf(project, name), { recursive: true })
  const file = fileOf(project, name)
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(playground, null, 2))
  renameSync(`${file}.${process.pid}`, file)
  return playground
}

/** Lists the playgrounds, most recently used first. */
export function listPlaygrounds(project: Project): Playground[] {
  const folder = playgroundsOf(project)
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.flatMap((name) => readPlayground(project, name) ?? []).sort((a, b) => b.usedAt - a.usedAt)
}

/** Finds a playground. @throws CairnError NOT_FOUND that suggests the nearest name */
export function findPlayground(project: Project, name: string): Playground {
  const found = NAME.test(name) ? readPlayground(project, name) : undefined
  if (found) return found
  const known = listPlaygrounds(project).map((playground) => playground.name)
  throw new CairnError('NOT_FOUND', `playground "${name}" does not exist`, {
    next: known.length > 0 ? suggest(name, known) : 'create one: cairn play',
  })
}

/**
 * Removes a playground with all its results. The runs that it builds on stay.
 *
 * @throws CairnError REFUSED while a run in it is in progress
 */
export async function deletePlayground(project: Project, name: string): Promise<void> {
  findPlayground(project, name)
  const running = await runningIn(project, name)
  if (running.length > 0)
    throw new CairnError('REFUSED', `playground ${name} has ${running.join(', ')} in progress`, {
      next: 'wait until it ends or stop it, then run the command again',
    })
  rmSync(folderOf(project, name), { recursive: true, force: true, maxRetries: 3 })
}

/** Lists runs without an end whose process is, or may be, running. */
async function runningIn(project: Project, name: string): Promise<string[]> {
  const store = folderStore(folderOf(project, name))
  const running: string[] = []
  for (const pipeline of await pipelineNames(store, project.env)) {
    const at = layout(project.env, pipeline)
    for (const run of await store.children(at.runs)) {
      const isOver = (await store.stat(at.runEnd(run))) !== undefined
      if (!isOver && (await unfinished(store, at, run, isGone)) === 'running') running.push(`${pipeline}/${run}`)
    }
  }
  return running
}

/** Lists the runs of a pipeline that playgrounds build on. */
export function pinnedRuns(project: Project, pipeline: string, now: number): string[] {
  const pins = listPlaygrounds(project).flatMap((playground) => playground.pins)
  return pins.filter((pin) => pin.pipeline === pipeline && (pin.until ?? 0) > now).map(({ run }) => run)
}

/** Opens the store of a playground: its own files on top of a read-only production store. */
export function playgroundStore(project: Project, name: string, production: ReadableStore): ArtifactStore {
  checkName(name)
  return layeredStore(folderStore(folderOf(project, name)), readOnlyStore(production, 'production'))
}

function folderOf(project: Project, name: string): string {
  return join(playgroundsOf(project), name)
}

function playgroundsOf({ store }: Project): string {
  return join(store, 'playgrounds')
}

function fileOf(project: Project, name: string): string {
  return join(folderOf(project, name), 'playground.json')
}

function readPlayground(project: Project, name: string): Playground | undefined {
  const file = fileOf(project, name)
  if (!existsSync(file)) return undefined
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Partial<Playground> | null
    if (read?.name !== name || !Array.isArray(read.pins)) throw new TypeError('it does not describe this playground')
    return read as Playground
  } catch (cause) {
    throw new CairnError('BAD_RECORD', `${file} is not a valid playground file`, {
      cause,
      next: `remove ${folderOf(project, name)}`,
    })
  }
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/

function checkName(name: string): void {
  if (NAME.test(name)) return
  throw new CairnError('BAD_PARAMETER', `"${name}" is not a valid playground name`, {
    next: 'use lower-case letters, digits and dashes, for example with-weather',
  })
}
