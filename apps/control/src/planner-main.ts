/** Reads an order from standard input, does it with the project's code, and prints an `Answer`. */
import { text } from 'node:stream/consumers'
import { openStore } from '@cairn/drivers/connection'
import { findProject, itemLine, loadPipeline, planLines, planRun, readRun, Workspace } from '@cairn/embedded'
import { brokenExpectations } from '@cairn/explore'
import { errorRecord, jsonText } from '@cairn/kernel/runtime'
import type { Answer, Existence, ExistenceOrder, Expectations, ExpectationsOrder, PlanOrder } from './planner.ts'
import type { Planned } from './control.ts'

const order = JSON.parse(await text(process.stdin)) as PlanOrder | ExpectationsOrder | ExistenceOrder
// What modules of the project print while they load is no part of the answer.
const write = process.stdout.write.bind(process.stdout)
process.stdout.write = process.stderr.write.bind(process.stderr)
write(jsonText(await answer()))

async function answer(): Promise<Answer<Planned | Expectations | Existence>> {
  const store = await openStore(order.connection)
  try {
    const project = { ...findProject(order.root), env: order.connection.env }
    const workspace = new Workspace(project, store)
    const done = await answerTo(workspace)
    workspace.close()
    return done
  } catch (error) {
    return { error: errorRecord(error) }
  } finally {
    await store.close()
  }
}

function answerTo(workspace: Workspace): Promise<Planned | Expectations | Existence> {
  if ('champion' in order) return lookedAt(workspace, order)
  if ('exists' in order) return loadPipeline(workspace.project, order.pipeline).then(() => ({}))
  return planned(workspace, order)
}

async function planned(workspace: Workspace, { pipeline, request, timeZone, item }: PlanOrder): Promise<Planned> {
  const loaded = await loadPipeline(workspace.project, pipeline)
  const planned = await planRun(workspace, loaded, request)
  const { plan } = planned
  if (item === undefined) return { plan, lines: await planLines(workspace, planned, timeZone) }
  return { plan, lines: [await itemLine(workspace, planned, loaded.pipeline.graph, item, timeZone)] }
}

async function lookedAt(workspace: Workspace, { pipeline, run, champion }: ExpectationsOrder): Promise<Expectations> {
  const loaded = await loadPipeline(workspace.project, pipeline)
  const { plan } = await readRun(workspace.store, workspace.at(pipeline), run)
  return { broken: await brokenExpectations({ loaded, production: workspace, tried: workspace }, plan, champion) }
}
