import { relative } from 'node:path'
import { findingText, misuses } from '@cairn/fingerprint'
import { CairnError } from '@cairn/kernel'
import { buildGraph } from './import-source.ts'
import { pipelineFiles, pipelinesIn, withoutRepeats, type LoadedPipeline } from './project.ts'
import type { Workspace } from './workspace.ts'

/** A problem that keeps a pipeline of the project from being planned. */
export interface Fault {
  /** With file and line, when there is one. */
  readonly message: string
  readonly next?: string
}

/**
 * Checks every pipeline of a project: loads it, builds its graph and extracts the code of its steps. This is everything
 * that planning does before it reads data.
 */
export async function faultsOf(workspace: Workspace): Promise<Fault[]> {
  const { project, cache } = workspace
  const faults = new Map<string, Fault>()
  const add = (error: unknown, file: string) => {
    const fault = faultOf(error, relative(project.root, file))
    faults.set(fault.message, fault)
  }
  const loaded: LoadedPipeline[] = []
  for (const file of pipelineFiles(project))
    try {
      const found = await misuses({ entry: file, root: project.root, cache })
      for (const finding of found) faults.set(findingText(finding), { message: findingText(finding) })
      const pipelines = await pipelinesIn(file, project)
      loaded.push(...pipelines.map((pipeline) => ({ pipeline, file })))
      for (const pipeline of found.length > 0 ? [] : pipelines) {
        buildGraph(() => pipeline.graph, file, project.root)
        await workspace.closures({ pipeline, file })
      }
    } catch (error) {
      add(error, file)
    }
  try {
    withoutRepeats(loaded, project)
  } catch (error) {
    add(error, project.root)
  }
  return [...faults.values()]
}

function faultOf(error: unknown, file: string): Fault {
  if (!(error instanceof Error)) return { message: `${file}: ${String(error)}` }
  const isPlaced = /^\S+:\d+/.test(error.message) || error.message.startsWith(`${file}:`) || file === ''
  const message = isPlaced ? error.message : `${file}: ${error.message}`
  const next = error instanceof CairnError ? error.next : undefined
  return { message, ...(next !== undefined && { next }) }
}
