/** Reads a `PlanOrder` from standard input, plans, and prints a `PlanAnswer`. */
import { text } from 'node:stream/consumers'
import { openStore } from '@cairn/drivers/connection'
import { findProject, loadPipeline, planLines, planRun, Workspace } from '@cairn/embedded'
import { errorRecord } from '@cairn/kernel/runtime'
import type { PlanAnswer, PlanOrder } from './planner.ts'

const order = JSON.parse(await text(process.stdin)) as PlanOrder
process.stdout.write(JSON.stringify(await answer(order)))

async function answer({ root, connection, pipeline, request, timeZone }: PlanOrder): Promise<PlanAnswer> {
  const store = await openStore(connection)
  try {
    const project = { ...findProject(root), env: connection.env }
    const workspace = new Workspace(project, store)
    const planned = await planRun(workspace, await loadPipeline(project, pipeline), request)
    const lines = await planLines(workspace, planned, timeZone)
    workspace.close()
    return { plan: planned.plan, lines }
  } catch (error) {
    return { error: errorRecord(error) }
  } finally {
    await store.close()
  }
}
