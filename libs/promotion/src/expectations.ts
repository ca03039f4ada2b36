import { pathToFileURL } from 'node:url'
import { outputsOf, readRun, type LoadedPipeline, type Workspace } from '@cairn/workspace'
import { isExpectation, type Expectation } from '@cairn/kernel'
import { undefinedOn, type StepNode } from '@cairn/kernel/contract'
import type { Plan } from '@cairn/records'
import { nodeOf, openIn } from '@cairn/explore'

export interface Expected {
  readonly loaded: LoadedPipeline
  /** Where the champion's results are. */
  readonly production: Workspace
  /** Where the candidate's results are. */
  readonly tried: Workspace
}

/**
 * Checks the expectations in the pipeline's file against a candidate. Returns those that failed or could not be
 * checked.
 */
export async function brokenExpectations(
  { loaded, production, tried }: Expected,
  run: Plan,
  champion: string,
): Promise<string[]> {
  const reasons: string[] = []
  const { graph } = loaded.pipeline
  // If the run in production is gone, there is nothing to compare with.
  const there = await readRun(production.store, production.at(graph.name), champion).catch(undefinedOn('NOT_FOUND'))
  for (const { step, says, check } of await expectationsIn(loaded.file)) {
    const node = nodeOf(graph, step)
    const [ours, theirs] = [await valuesOf(tried, run, node), there && (await valuesOf(production, there.plan, node))]
    if (!ours) reasons.push(`expectation not checked: ${says} (${node.id} was not run)`)
    else if (!(await check(ours, theirs ?? ours)))
      reasons.push(`expectation failed: ${node.id}: ${says} (champion ${champion})`)
  }
  return reasons
}

async function expectationsIn(file: string): Promise<Expectation[]> {
  const exports = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  return [...new Set(Object.values(exports).filter(isExpectation))]
}

/** Returns the decoded outputs of a step in a run; undefined when it did not complete. */
async function valuesOf(workspace: Workspace, plan: Plan, { id, outputs }: StepNode) {
  const refs = await outputsOf(workspace.store, workspace.at(plan.pipeline), plan, id)
  if (!refs) return undefined
  const values: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(outputs))
    if (refs[name]) values[name] = await kind.decode(openIn({ workspace, base: plan }, refs[name]))
  return values
}
