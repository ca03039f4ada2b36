/** Handles requests of its parent process, one at a time, with the current code of the project. */
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
import type { Expectations, ExpectationsRequest, PlannerRequest, PlanningRequest, PlannerResponse } from './planner.ts'
import type { Planned } from './control-host.ts'

/** A process that has grown by this much since its first plan is replaced. Bytes. */
const MAX_GROWTH = 200e6
const MAX_REQUESTS = 2_000

let store: Awaited<ReturnType<typeof openStore>> | undefined
let requests = 0
let memory = 0
/** The current request. */
let current: PlannerRequest | undefined
/** A new process has to handle the request. */
const STALE: PlannerResponse = { isStale: true, isLast: true }

process.on('SIGUSR1', () => {}) // by which Node would let any process of this user debug this one
process.on('disconnect', () => process.exit())
process.on('message', (text: string) => void handle(text))
process.once('uncaughtException', (thrown) => {
  const error = current && projectError(thrown, current.root)
  if (!error) throw thrown
  const response: PlannerResponse = requests > 0 ? STALE : { answer: { error: errorRecord(error) }, isLast: true }
  process.send!(jsonText(response), () => process.exit())
})

async function handle(text: string): Promise<void> {
  current = JSON.parse(text) as PlannerRequest
  const response = await respondTo(current)
  current = undefined
  process.send!(jsonText(response), () => {
    if (response.isLast) process.disconnect()
  })
}

async function respondTo(request: PlannerRequest): Promise<PlannerResponse> {
  if (requests > 0 && !isCurrent()) return STALE
  beginPlan(request.root)
  let answer: object
  try {
    store ??= await openStore(request.connection)
    answer = await answerTo(request, store)
  } catch (error) {
    answer = { error: errorRecord(error) }
  }
  const isFirst = ++requests === 1
  // A package may fail if a module that uses it is evaluated twice.
  const isDoubtful = !isFirst && codeIn(answer) === 'BAD_DEFINITION'
  if (isDoubtful || !isCurrent()) return STALE
  return { answer, isLast: 'champion' in request || hasLeftState() || isFull(isFirst) }
}

function codeIn(answer: object): string | undefined {
  return 'error' in answer ? (answer.error as ErrorRecord).code : undefined
}

function isFull(isFirst: boolean): boolean {
  const { rss } = process.memoryUsage()
  if (isFirst) memory = rss
  return requests >= MAX_REQUESTS || rss - memory > MAX_GROWTH
}

async function answerTo(request: PlannerRequest, store: Workspace['store']): Promise<Planned | Expectations | object> {
  const project = { ...findProject(request.root), env: request.connection.env }
  const workspace = new Workspace(project, store)
  try {
    if ('champion' in request) return await checkedExpectations(workspace, request)
    if ('exists' in request) return await loadPipeline(project, request.pipeline).then(() => ({}))
    // Otherwise a misspelled pipeline would silently have no limits.
    await checkNamedPipelines(project, store)
    return 'settings' in request ? {} : await planned(workspace, request)
  } finally {
    workspace.close()
  }
}

async function planned(workspace: Workspace, { pipeline, request, show }: PlanningRequest): Promise<Planned> {
  const loaded = await loadPipeline(workspace.project, pipeline)
  const planned = await planRun(workspace, loaded, request)
  const { plan } = planned
  if (!show) return { plan, lines: [] }
  if (show.item === undefined) return { plan, lines: await planLines(workspace, planned) }
  return { plan, lines: [await itemLine(workspace, planned, loaded.pipeline.graph, show.item)] }
}

async function checkedExpectations(
  workspace: Workspace,
  { pipeline, run, champion }: ExpectationsRequest,
): Promise<Expectations> {
  const loaded = await loadPipeline(workspace.project, pipeline)
  const { plan } = await readRun(workspace.store, workspace.at(pipeline), run)
  return { broken: await brokenExpectations({ loaded, production: workspace, tried: workspace }, plan, champion) }
}
