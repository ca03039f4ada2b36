/** Handles orders of its parent process, one at a time, with the current code of the project. */
import { beginPlan, hasLeftState, isCurrent } from './project-modules.ts' // before all else
import { openStore } from '@cairn/drivers/connection'
import {
  checkNamedPipelines,
  findProject,
  itemLine,
  loadPipeline,
  planLines,
  planRun,
  readRun,
  projectError,
  Workspace,
} from '@cairn/workspace'
import { brokenExpectations } from '@cairn/promotion'
import { errorRecord, type ErrorRecord } from '@cairn/records'
import { jsonText } from '@cairn/kernel'
import type { Expectations, ExpectationsOrder, Order, PlanOrder, Reply } from './planner.ts'
import type { Planned } from './control-host.ts'

/** A process that has grown by this much since its first plan is replaced. Bytes. */
const MAX_GROWTH = 200e6
const MAX_ORDERS = 2_000

let store: Awaited<ReturnType<typeof openStore>> | undefined
let orders = 0
let memory = 0
/** The current order. */
let current: Order | undefined
/** A new process has to handle the order. */
const STALE: Reply = { isStale: true, isLast: true }

process.on('SIGUSR1', () => {}) // by which Node would let any process of this user debug this one
process.on('disconnect', () => process.exit())
process.on('message', (text: string) => void handle(text))
process.once('uncaughtException', (thrown) => {
  const error = current && projectError(thrown, current.root)
  if (!error) throw thrown
  const reply: Reply = orders > 0 ? STALE : { answer: { error: errorRecord(error) }, isLast: true }
  process.send!(jsonText(reply), () => process.exit())
})

async function handle(text: string): Promise<void> {
  current = JSON.parse(text) as Order
  const reply = await replyTo(current)
  current = undefined
  process.send!(jsonText(reply), () => {
    if (reply.isLast) process.disconnect()
  })
}

async function replyTo(order: Order): Promise<Reply> {
  if (orders > 0 && !isCurrent()) return STALE
  beginPlan(order.root)
  let answer: object
  try {
    store ??= await openStore(order.connection)
    answer = await answerTo(order, store)
  } catch (error) {
    answer = { error: errorRecord(error) }
  }
  const isFirst = ++orders === 1
  // A package may fail if a module that uses it is evaluated twice.
  const isDoubtful = !isFirst && codeIn(answer) === 'BAD_DEFINITION'
  if (isDoubtful || !isCurrent()) return STALE
  return { answer, isLast: 'champion' in order || hasLeftState() || isFull(isFirst) }
}

function codeIn(answer: object): string | undefined {
  return 'error' in answer ? (answer.error as ErrorRecord).code : undefined
}

function isFull(isFirst: boolean): boolean {
  const { rss } = process.memoryUsage()
  if (isFirst) memory = rss
  return orders >= MAX_ORDERS || rss - memory > MAX_GROWTH
}

async function answerTo(order: Order, store: Workspace['store']): Promise<Planned | Expectations | object> {
  const project = { ...findProject(order.root), env: order.connection.env }
  const workspace = new Workspace(project, store)
  try {
    if ('champion' in order) return await checkedExpectations(workspace, order)
    if ('exists' in order) return await loadPipeline(project, order.pipeline).then(() => ({}))
    // Otherwise a misspelled pipeline would silently have no limits.
    await checkNamedPipelines(project, store)
    return 'settings' in order ? {} : await planned(workspace, order)
  } finally {
    workspace.close()
  }
}

async function planned(workspace: Workspace, { pipeline, request, show }: PlanOrder): Promise<Planned> {
  const loaded = await loadPipeline(workspace.project, pipeline)
  const planned = await planRun(workspace, loaded, request)
  const { plan } = planned
  if (!show) return { plan, lines: [] }
  if (show.item === undefined) return { plan, lines: await planLines(workspace, planned) }
  return { plan, lines: [await itemLine(workspace, planned, loaded.pipeline.graph, show.item)] }
}

async function checkedExpectations(
  workspace: Workspace,
  { pipeline, run, champion }: ExpectationsOrder,
): Promise<Expectations> {
  const loaded = await loadPipeline(workspace.project, pipeline)
  const { plan } = await readRun(workspace.store, workspace.at(pipeline), run)
  return { broken: await brokenExpectations({ loaded, production: workspace, tried: workspace }, plan, champion) }
}
