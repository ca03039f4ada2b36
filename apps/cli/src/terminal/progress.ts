import { availableParallelism } from 'node:os'
import type { CairnEvent, OutputMessage } from '@cairn/records'
import { duration, escaped } from '@cairn/workspace'
import type { NodeView, RunView } from './run-view.ts'
import { paint, paintState, STATES } from './style.ts'
import { cut } from './table.ts'
import { printNotes, safeLine } from './print.ts'

/** Shows the progress of a run on standard error. */
export interface Progress {
  onEvent(event: CairnEvent): void
  /** A line that a step printed. */
  print(message: OutputMessage): void
  /** A message of Cairn. */
  note(line: string): void
  /** An object is being fetched. */
  readonly fetching: (line: string) => void
  /** @param isSummarised whether a summary of the steps follows on standard output */
  done(isSummarised?: boolean): void
}

const stderr = process.stderr

const noProgress: Progress = { onEvent() {}, print() {}, note: (line) => printNotes(line), fetching() {}, done() {} }

/** Only the output of steps and what blocks them, for logs. */
function onlyLines(): Progress {
  const say = (line: string) => stderr.write(`${line}\n`)
  return { ...noProgress, onEvent: unfitReporter(say), print: (message) => say(printedLine(message)) }
}

/** Prints once why a host cannot run a task, which may pass many hosts. */
function unfitReporter(print: (line: string) => void): (event: CairnEvent) => void {
  const reported = new Set<string>()
  return ({ type, data: { node, error } }) => {
    const line = `! ${node}  waits for another host: ${escaped(error?.message ?? '')}`
    if (type !== 'cairn.ready' || !error || reported.has(line)) return
    reported.add(line)
    print(line)
  }
}

/** A line with the step that printed it, and the item. */
function printedLine(message: OutputMessage): string {
  return `${printer(message)} | ${safeLine(message.line, true)}`
}

function printer({ node, item }: OutputMessage): string {
  return item === undefined ? node : `${node.split('/')[0]!}/${item}`
}

/** One line per event, for logs. */
function plainProgress(view: RunView): Progress {
  const say = (line: string) => stderr.write(`${line}\n`)
  const reportUnfit = unfitReporter(say)
  return {
    onEvent(event) {
      const { node, batch, attempt, error } = event.data
      view.apply(event)
      if (event.type === 'cairn.ready') return reportUnfit(event)
      const now = node === undefined ? undefined : view.nodes.get(node)
      if (!now || batch !== undefined) return
      if (event.type === 'cairn.attempt-started') {
        const usual =
          now.expectedMs !== undefined && now.expectedMs > 1000 ? `, usually ${duration(now.expectedMs)}` : ''
        say(`${STATES.running.sign} ${node}  running${attempt! > 1 ? `, attempt ${attempt}` : ''}${usual}`)
      } else if (event.type === 'cairn.attempt-failed')
        say(`! ${node}  attempt ${attempt} failed: ${escaped(error?.message ?? '')}`)
      else
        say(`${STATES[now.state].sign} ${node}  ${now.state}${took(now)}${now.error ? `: ${escaped(now.error)}` : ''}`)
    },
    print: (message) => say(printedLine(message)),
    note: say,
    fetching: say,
    done() {},
  }
}

export interface ProgressOption {
  readonly progress?: 'live' | 'plain' | 'none'
  /** Whether the output is for a program, so that no progress is shown. */
  readonly json: boolean
}

export async function progressFor(view: RunView, { progress, json }: ProgressOption): Promise<Progress> {
  const how = progress ?? (stderr.isTTY && !json ? 'live' : 'lines')
  if (how === 'live' && stderr.isTTY) return liveProgress(view, () => performance.now())
  if (how === 'live' || how === 'plain') return plainProgress(view)
  // Not shown here, but the view is also used elsewhere.
  const shown = how === 'none' ? noProgress : onlyLines()
  return {
    ...shown,
    onEvent(event) {
      view.apply(event)
      shown.onEvent(event)
    },
  }
}

const FRAME_MS = 100
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** A list of the steps that changes in place. */
async function liveProgress(view: RunView, now: () => number): Promise<Progress> {
  const { createLogUpdate } = await import('log-update')
  const draw = createLogUpdate(stderr, { showCursor: true })
  const started = now()
  let frame = 0
  const render = () => {
    const rows = Math.max(4, (stderr.rows ?? 24) - 3)
    const lines = fitted([...view.nodes.values()], rows).map((node) =>
      typeof node === 'string' ? paint('dim', node, stderr) : line(node, frame, now()),
    )
    const left = view.left(availableParallelism())
    const time = left === undefined ? '' : left > 500 ? `, about ${duration(left)} left` : ', nearly done'
    draw(
      [...lines, paint('dim', `  ${duration(now() - started)}${time}`, stderr)]
        .map((text) => cut(text, stderr.columns))
        .join('\n'),
    )
    frame++
  }
  const timer = setInterval(render, FRAME_MS)
  const printAbove = (text: string) => {
    draw.clear()
    stderr.write(`${text}\n`)
    render()
  }
  return {
    onEvent: (event) => view.apply(event),
    print: (message) => printAbove(`${paint('dim', `${printer(message)} |`, stderr)} ${safeLine(message.line, true)}`),
    note: printAbove,
    fetching: (text) => printAbove(paint('dim', text, stderr)),
    done(isSummarised = false) {
      clearInterval(timer)
      if (isSummarised && process.stdout.isTTY) return draw.clear() // the same steps are listed below
      render()
      draw.done()
    },
  }
}

function line(view: NodeView, frame: number, now: number): string {
  const { node, state, startedAt, batches, attempt, error, expectedMs } = view
  const sign = state === 'running' ? SPINNER[frame % SPINNER.length]! : STATES[state].sign
  const parts = [paintState(state, `${sign} ${node}`, stderr), paintState(state, state, stderr)]
  if (batches && state === 'running') parts.push(`${batches.ended}/${batches.total ?? '?'} batches`)
  if (state === 'running' && startedAt !== undefined) {
    const gone = now - startedAt
    parts.push(expectedMs === undefined ? duration(gone) : `${duration(gone)} of ~${duration(expectedMs)}`)
    if (attempt > 1) parts.push(paint('yellow', `attempt ${attempt}`, stderr))
  } else if (took(view)) parts.push(paint('dim', took(view).slice(2), stderr))
  if (error && state !== 'running') parts.push(paint('red', escaped(error), stderr))
  return `  ${parts.join('  ')}`
}

function took({ startedAt, endedAt }: NodeView): string {
  return startedAt === undefined || endedAt === undefined ? '' : `, ${duration(endedAt - startedAt)}`
}

/** As many nodes as there are rows, running and failed ones first; the others are only counted. */
function fitted(nodes: readonly NodeView[], rows: number): (NodeView | string)[] {
  if (nodes.length <= rows) return [...nodes]
  const urgent = (view: NodeView) => view.state === 'running' || view.error !== undefined
  const chosen = new Set(
    [...nodes.filter(urgent), ...nodes.filter(({ state }) => state === 'waiting')].slice(0, rows - 1),
  )
  const others = nodes.filter((view) => !chosen.has(view))
  const ended = others.filter(({ state }) => state !== 'waiting' && state !== 'running').length
  const summary = `  … and ${others.length} more steps, ${ended} of them done`
  return [...nodes.filter((view) => chosen.has(view)), summary]
}
