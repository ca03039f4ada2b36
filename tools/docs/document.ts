import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** A fenced block of a Markdown page: what stands behind the fence, and between. */
export interface Block {
  readonly info: string
  readonly text: string
  /** Where the text starts in the page. */
  readonly start: number
  readonly line: number
}

export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\S[^\n]*)\n(.*?)^```$/gms)].map((match) => {
    const start = match.index + match[0].indexOf('\n') + 1
    return { info: match[1]!, text: match[2]!, start, line: page.slice(0, start).split('\n').length }
  })
}

/** One command of a console block, and the output that the page shows for it. */
export interface Shown {
  readonly command: string
  readonly output: string
}

/** `$ command` lines, each with what is shown below it; a command that ends in a backslash goes on in the next line. */
export function shownIn({ text }: Block): Shown[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command] = /^(?:.*\\\n)*.*/.exec(part)!
      return { command, output: part.slice(command.length + 1) }
    })
}

/** Runs a command as a reader would type it; gives what a terminal would show. */
export function type(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((done) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26, timeout: 600_000 }
    execFile('bash', ['-c', `{ ${command}\n} 2>&1`], options, (error, stdout) =>
      done(error?.killed ? `${stdout}\n(took too long)` : stdout),
    )
  })
}

/** Writes what a page's `ts file=…` block shows. */
export function writeSample(folder: string, { info, text }: Block): string | undefined {
  const file = /\bfile=(\S+)/.exec(info)?.[1]
  if (file === undefined) return undefined
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
  return file
}

/**
 * Whether an output is the one shown. Times, dates, names of runs and digests may differ, and the width of columns with
 * them; `…` stands for anything in a line, and alone in a line for any lines.
 */
export function isAsShown(shown: string, output: string): boolean {
  const pattern = comparable(shown).map((line) =>
    line === '…'
      ? '(?:.*\n)*?'
      : `${line
          .split('…')
          .map((part) => RegExp.escape(part))
          .join('.*')}\n`,
  )
  return new RegExp(`^${pattern.join('')}$`).test(`${comparable(output).join('\n')}\n`)
}

function comparable(text: string): string[] {
  const known = stripVTControlCharacters(text)
    .replaceAll(/\d{8}-\d{6}-\w{5}/g, '<run>')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '<date>')
    .replaceAll(/\b\d+(\.\d+)? (s|min|h)( \d+ (s|min))?\b/g, '<time>')
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, '<digest>')
    .replaceAll(/\/\S+\/(\.cairn|store)\b/g, '<store>')
  return known
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').trim())
    .filter((line) => line !== '')
}

/** Puts real output where a page shows another; what is as shown stays as it is. */
export function withOutputs(page: string, changed: ReadonlyMap<Block, readonly Shown[]>): string {
  let text = page
  for (const [{ start, text: before }, shown] of [...changed].reverse()) {
    const after = shown.map(({ command, output }) => `$ ${command}\n${stripVTControlCharacters(output)}`).join('')
    text = text.slice(0, start) + (after.endsWith('\n') ? after : `${after}\n`) + text.slice(start + before.length)
  }
  return text
}

export function readPage(path: string): string {
  return readFileSync(path, 'utf8')
}
