import { mkdirSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import {
  errorRecord,
  holdsFile,
  type ErrorRecord,
  type ItemResult,
  type ItemWork,
  type EncodedArtifact,
  type PackageStates,
} from '@cairn/records'
import { execute, type LoadedCode } from '@cairn/execute'
import { isInside, markVerified, withPlace } from '@cairn/files'
import { Denials, deniedError } from './confinement.ts'
import { packagesChangedError } from './package-checks.ts'
import { folderOfItem } from './folder-names.ts'
import { itemFolders, type ItemFolders } from './folders.ts'
import { scratchFaultOf, removedScratchFault } from './host-faults.ts'
import { codeOf } from './load-code.ts'
import { uncoveredImport, loadedFiles, loadedInOtherState } from './loaded-packages.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { hasRunningWork, writeMarkers, watchActivity, setUpStreams } from './worker-streams.ts'
import { ScratchSpace, type DiskUsage } from './scratch-space.ts'
import { projectStack } from './stack.ts'
import { withPrinter, type Printer } from './captured-output.ts'

/**
 * The program of a pool's worker process. It runs one piece of work at a time, item by item, and dies with its parent.
 */

type Order = Extract<ToWorker, { type: 'work' }>

const opening = new Map<string, PromiseWithResolvers<string>>()
let stopping = new AbortController()
const denials = new Denials()
/** The work in progress; undefined while idle. */
let current: Order | undefined

setUpStreams()
process.on('SIGINT', () => {}) // the parent decides what stops
process.on('disconnect', killGroup)
process.on('uncaughtException', reportUncaught)
process.on('exit', reportExitPlace)
process.on('message', (message: ToWorker) => {
  if (message.type === 'work') void work(message)
  else if (message.type === 'stop') stopping.abort(new CairnError('CANCELLED', 'the run was cancelled'))
  else if (message.type === 'opened') {
    if (message.stamp !== undefined) markVerified(message.digest, message.stamp)
    opening.get(message.digest)?.resolve(message.path)
  } else opening.get(message.digest)?.reject(errorFrom(message.error))
})

async function work(order: Order): Promise<void> {
  stopping = new AbortController()
  current = order
  opening.clear() // copies opened for earlier work are no longer held and may be deleted
  watchParent()
  const { packages = {} } = order.work
  if (loadedInOtherState(packages) !== undefined) return send({ type: 'unfit' })
  // Loaded before the first item begins: loading does not count towards the body's timeout.
  const loading: Printer = { ended: false }
  const code = withPrinter(loading, () => codeOf(order.work, order.root, new Map()))
  await code.catch(() => {}) // each item reports the error
  for (const item of order.work.items) {
    send({ type: 'begun', index: item.index, loaded: hasLoadedMore() })
    const printer: Printer = { ended: false }
    const { result, usage } = await withPrinter(printer, () => runItem(order, code, item))
    printer.ended = true
    const closed = await writeMarkers(order.marker)
    send({ type: 'item', result, ...(usage && { usage }), loaded: hasLoadedMore(), closed, left: hasRunningWork() })
  }
  loading.ended = true
  current = undefined
  send({ type: 'done' })
  flushCompileCache() // Node does this on exit, but a pool ends its processes with SIGKILL
}

async function runItem(
  { work, root, scratch, secrets }: Order,
  code: Promise<LoadedCode>,
  item: ItemWork,
): Promise<{ readonly result: ItemResult; readonly usage?: DiskUsage | undefined }> {
  const started = performance.now()
  let space: ScratchSpace | undefined
  const folders = itemFolders(() => {
    const folder = folderOfItem(scratch, item.index)
    mkdirSync(folder, { recursive: true })
    return folder
  })
  const isIdle = watchActivity()
  const environment = Object.assign(folders, { signal: stopping.signal, secrets, root, remember: withoutCache, isIdle })
  try {
    stopping.signal.throwIfAborted()
    space = new ScratchSpace(scratch)
    const loaded = await code
    denials.begin(root)
    const outputs = await execute(loaded, { ...work, open }, item, environment)
    denials.check()
    checkPackages(work.packages)
    const files = asFiles(outputs, folders)
    if (!Object.values(files).some(holdsFile)) discard(folders)
    return { result: { index: item.index, ms: performance.now() - started, outputs: files } }
  } catch (error) {
    const record = errorRecord(error, { secrets, trace: (stack) => projectStack(stack, root) })
    const fault = scratchFaultOf(record, () => dirname(scratch)) ?? removedScratchFault(scratch)
    const reported = fault ? errorRecord(fault.error) : { ...record, ...deniedError(record, work.step) }
    const result = { index: item.index, ms: performance.now() - started, error: reported }
    const usage = fault?.isFull ? space?.usageOf(writtenBy(folders, dirname(scratch))) : undefined
    discard(folders)
    return { result, usage }
  }
}

/**
 * Deletes the folders of an item at once, so that the next item can use the space. Folders with output files stay: the
 * parent deletes them after it has stored the files.
 */
function discard(folders: ItemFolders): void {
  try {
    folders.remove()
  } catch {
    // Something that the body started may still write there. The parent deletes the folder later.
  }
}

/** Lists the folders that a body may have filled: the item's own, and the temporary folder if it is inside `folder`. */
function writtenBy({ home }: ItemFolders, folder: string): string[] {
  const temporary = tmpdir()
  return [...(home === undefined ? [] : [home]), ...(isInside(temporary, folder) ? [temporary] : [])]
}

/** Returns whether package files were loaded since the last call. */
function hasLoadedMore(): boolean {
  const before = seenFiles
  seenFiles = loadedFiles()
  return seenFiles > before
}
let seenFiles = 0

/**
 * Checks that the body ran with exactly the packages that its checkpoint key covers.
 *
 * @throws CairnError MISFIT if one has changed; BAD_DEFINITION if one has loaded a package that the key does not cover
 */
function checkPackages(packages: PackageStates = {}): void {
  if (loadedInOtherState(packages) !== undefined) throw packagesChangedError()
  const { importer, imported } = uncoveredImport(packages) ?? {}
  if (importer === undefined) return
  throw new CairnError(
    'BAD_DEFINITION',
    `package ${importer} loads ${imported}, which is not a dependency in its package.json, so checkpoint keys cannot include its version`,
    {
      next: `import '${imported}' in the module of the step, so that its version is part of the key`,
    },
  )
}

/** Writes outputs that are in memory to files, which the parent moves into the store. */
function asFiles(
  outputs: Readonly<Record<string, EncodedArtifact>>,
  folders: ItemFolders,
): Record<string, EncodedArtifact> {
  let files = 0
  const file = ({ ref, content, items }: EncodedArtifact): EncodedArtifact => {
    if (!(content instanceof Uint8Array))
      return { ref, ...(content && { content }), ...(items && { items: items.map(file) }) }
    const path = join(folders.outbox, `bytes-${files++}`)
    try {
      writeFileSync(path, content)
    } catch (error) {
      throw withPlace(error, () => path)
    }
    return { ref, content: { file: path }, ...(items && { items: items.map(file) }) }
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, made]) => [name, file(made)]))
}

/** Asks the parent, which has access to the store, for the local path of an object. */
function open(ref: ArtifactRef): Promise<string> {
  const known = opening.get(ref.digest)
  if (known) return known.promise
  const request = Promise.withResolvers<string>()
  opening.set(ref.digest, request)
  request.promise.catch(() => opening.delete(ref.digest))
  send({ type: 'open', ref })
  return request.promise
}

/** Never caches: the version of a source is checked again after reading, and must be the current one. */
function withoutCache(_stamp: string, compute: () => Promise<string>): Promise<string> {
  return compute()
}

function errorFrom({ code, message, next }: ErrorRecord): CairnError {
  return new CairnError(code, message, next === undefined ? {} : { next })
}

function send(message: FromWorker): void {
  process.send!(message)
}

/**
 * Reports an uncaught error, then exits: an error from a timer, an event or a promise that nothing awaits. By default,
 * Node would print its own stack frames and exit.
 */
function reportUncaught(cause: unknown): void {
  const order = current
  current = undefined
  if (!order) process.exit(1)
  const { work, root, secrets } = order
  const { message } = errorRecord(cause)
  const what = `an uncaught error ended the process that ran ${work.step}: ${message}`
  const error = new CairnError('STEP_CRASHED', what, {
    cause,
    next: 'await each promise, and catch errors in callbacks of timers and events',
  })
  const record = errorRecord(error, { secrets, trace: (stack) => projectStack(stack, root) })
  process.send!({ type: 'ending', error: record } satisfies FromWorker, () => process.exit(1))
}

/** Reports where a body called `process.exit`. */
function reportExitPlace(): void {
  const stack = current && projectStack(new Error('left').stack ?? '', current.root)
  if (stack !== undefined) send({ type: 'ending', stack })
}

/** Kills this process and everything that bodies started: all of it is in one process group. */
function killGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } finally {
    process.exit()
  }
}

const parent = Number(process.argv[2]) // passed by the parent, which may die before this process reads `process.ppid`
let watched = false
/**
 * Kills the process group when the parent dies, which changes `process.ppid`. A thread checks this, because a body that
 * never yields blocks the `disconnect` event.
 */
function watchParent(): void {
  if (watched) return
  watched = true
  const watch = `setInterval(() => { if (process.ppid !== ${parent}) process.kill(-process.pid, 'SIGKILL') }, 500)`
  new Worker(watch, { eval: true, stdout: true, stderr: true }).unref()
}
