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
  type Made,
  type PackageStates,
} from '@cairn/records'
import { execute, type LoadedCode } from '@cairn/execute'
import { markVerified, withPlace } from '@cairn/files'
import { Denials, refusalIn } from './confinement.ts'
import { changedMeanwhile } from './fitting.ts'
import { folderOfItem } from './folder-names.ts'
import { itemFolders, type ItemFolders } from './folders.ts'
import { faultOfFolder, isInside, removedFolder } from './host-faults.ts'
import { codeOf } from './load-code.ts'
import { loadedBesides, loadedFiles, loadedOtherwise } from './loaded-packages.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { leavesRunning, markEnd, watchActivity, readyStreams } from './printing.ts'
import { ScratchRoom, type Filled } from './scratch-room.ts'
import { inProject } from './stack.ts'
import { printingAs, type Printer } from './printed.ts'

/** A pool's process: does one piece of work at a time, item after item, and dies with its parent. */

type Order = Extract<ToWorker, { say: 'work' }>

const opening = new Map<string, PromiseWithResolvers<string>>()
let stopping = new AbortController()
const denials = new Denials()
/** What is being worked on. */
let current: Order | undefined

readyStreams()
process.on('SIGINT', () => {}) // Ctrl-C reaches every process of the terminal; the parent decides what stops
process.on('disconnect', end)
process.on('uncaughtException', endWith)
process.on('exit', tellPlace)
process.on('message', (message: ToWorker) => {
  if (message.say === 'work') void work(message)
  else if (message.say === 'stop') stopping.abort(new CairnError('CANCELLED', 'the run was cancelled'))
  else if (message.say === 'opened') {
    if (message.stamp !== undefined) markVerified(message.digest, message.stamp)
    opening.get(message.digest)?.resolve(message.path)
  } else opening.get(message.digest)?.reject(revived(message.error))
})

async function work(order: Order): Promise<void> {
  stopping = new AbortController()
  current = order
  opening.clear() // the copies for earlier tasks are no longer held
  watchParent()
  const { packages = {} } = order.work
  if (loadedOtherwise(packages) !== undefined) return say({ say: 'unfit' })
  // Loaded before any item begins: a time-out is for the body.
  const loading: Printer = { ended: false }
  const code = printingAs(loading, () => codeOf(order.work, order.root, new Map()))
  await code.catch(() => {}) // each item tells
  for (const item of order.work.items) {
    say({ say: 'begun', index: item.index, loaded: loadedMore() })
    const printer: Printer = { ended: false }
    const { result, filled } = await printingAs(printer, () => runItem(order, code, item))
    printer.ended = true
    const closed = await markEnd(order.marker)
    say({ say: 'item', result, ...(filled && { filled }), loaded: loadedMore(), closed, left: leavesRunning() })
  }
  loading.ended = true
  current = undefined
  say({ say: 'done' })
  flushCompileCache() // a pool ends its processes by a signal that leaves them no time for it
}

async function runItem(
  { work, root, scratch, secrets }: Order,
  code: Promise<LoadedCode>,
  item: ItemWork,
): Promise<{ readonly result: ItemResult; readonly filled?: Filled | undefined }> {
  const started = performance.now()
  let room: ScratchRoom | undefined
  const folders = itemFolders(() => {
    const folder = folderOfItem(scratch, item.index)
    mkdirSync(folder, { recursive: true })
    return folder
  })
  const isIdle = watchActivity()
  const surface = Object.assign(folders, { signal: stopping.signal, secrets, root, remember: forgetful, isIdle })
  try {
    stopping.signal.throwIfAborted()
    room = new ScratchRoom(scratch)
    const loaded = await code
    denials.begin(root)
    const outputs = await execute(loaded, { ...work, open }, item, surface)
    denials.check()
    checkPackages(work.packages)
    const files = filed(outputs, folders)
    if (!Object.values(files).some(holdsFile)) discard(folders)
    return { result: { index: item.index, ms: performance.now() - started, outputs: files } }
  } catch (error) {
    const record = errorRecord(error, { secrets, trace: (stack) => inProject(stack, root) })
    const fault = faultOfFolder(record, () => dirname(scratch)) ?? removedFolder(scratch)
    const told = fault ? errorRecord(fault.error) : { ...record, ...refusalIn(record, work.step) }
    const result = { index: item.index, ms: performance.now() - started, error: told }
    const filled = fault?.isFull ? room?.filledBy(writtenBy(folders, dirname(scratch))) : undefined
    discard(folders)
    return { result, filled }
  }
}

/** So that the next item has the room: what the parent takes goes when it has done so. */
function discard(folders: ItemFolders): void {
  try {
    folders.remove()
  } catch {
    // What the body has started may still write there. The parent removes all of it at the end.
  }
}

/** Where a body has written on the disk of its host. */
function writtenBy({ home }: ItemFolders, folder: string): string[] {
  const temporary = tmpdir()
  return [...(home === undefined ? [] : [home]), ...(isInside(temporary, folder) ? [temporary] : [])]
}

/** Whether files of packages have been loaded since this was asked last. */
function loadedMore(): boolean {
  const before = seenFiles
  seenFiles = loadedFiles()
  return seenFiles > before
}
let seenFiles = 0

/** What has been computed counts only if it was computed with the packages that its key counts. */
function checkPackages(packages: PackageStates = {}): void {
  if (loadedOtherwise(packages) !== undefined) throw changedMeanwhile()
  const { importer, imported } = loadedBesides(packages) ?? {}
  if (importer === undefined) return
  throw new CairnError(
    'BAD_DEFINITION',
    `package ${importer} loads ${imported}, which is not a dependency in its package.json, so checkpoint keys cannot include its version`,
    {
      next: `import '${imported}' in the module of the step, so that its version is part of the key`,
    },
  )
}

/** Bytes go to files, which the parent moves into the store. */
function filed(outputs: Readonly<Record<string, Made>>, folders: ItemFolders): Record<string, Made> {
  let files = 0
  const file = ({ ref, content, items }: Made): Made => {
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

/** Asks the parent, who knows the store, for an object's local file. */
function open(ref: ArtifactRef): Promise<string> {
  const known = opening.get(ref.digest)
  if (known) return known.promise
  const asked = Promise.withResolvers<string>()
  opening.set(ref.digest, asked)
  asked.promise.catch(() => opening.delete(ref.digest))
  say({ say: 'open', ref })
  return asked.promise
}

/** A source's version is looked at once more after it was read: not from memory. */
function forgetful(_stamp: string, compute: () => Promise<string>): Promise<string> {
  return compute()
}

function revived({ code, message, next }: ErrorRecord): CairnError {
  return new CairnError(code, message, next === undefined ? {} : { next })
}

function say(message: FromWorker): void {
  process.send!(message)
}

/** Handles an error from a timer, an event or a promise that nobody awaits. By default Node prints its own frames and exits. */
function endWith(cause: unknown): void {
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
  const record = errorRecord(error, { secrets, trace: (stack) => inProject(stack, root) })
  process.send!({ say: 'ending', error: record } satisfies FromWorker, () => process.exit(1))
}

/** Where a body ends its process. */
function tellPlace(): void {
  const stack = current && inProject(new Error('left').stack ?? '', current.root)
  if (stack !== undefined) say({ say: 'ending', stack })
}

/** Ends this process and, since it leads a group, what bodies have started. */
function end(): void {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } finally {
    process.exit()
  }
}

/**
 * A body that computes without a pause cannot hear that the parent is gone, so a thread listens for it: an orphan is
 * handed to another parent.
 */
const parent = Number(process.argv[2]) // as the parent says: it may be gone before anything here has begun
let watched = false
function watchParent(): void {
  if (watched) return
  watched = true
  const watch = `setInterval(() => { if (process.ppid !== ${parent}) process.kill(-process.pid, 'SIGKILL') }, 500)`
  new Worker(watch, { eval: true, stdout: true, stderr: true }).unref()
}
