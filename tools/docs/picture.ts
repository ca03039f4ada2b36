/**
 * A picture of what a command prints at a terminal, colours included: `node tools/docs/picture.ts <file.svg> <command …>`.
 * Of a session, with what is typed at its prompt: `… <file.svg> <command …> --type <line> --type <line>`.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

async function main([file, ...words]: string[]): Promise<void> {
  const at = words.includes('--type') ? words.indexOf('--type') : words.length
  const command = words.slice(0, at).join(' ')
  const typed = words.slice(at).filter((word) => word !== '--type')
  const lines = (await printed(command, typed))
    .replaceAll('\r', '')
    .replaceAll(/\u001b\[[\d;?]*[A-Za-ln-z]/g, '')
    .trimEnd()
  writeFileSync(file!, picture(`\u001b[2m$\u001b[22m \u001b[1m${command}\u001b[22m\n${lines}`))
}

/** What a command prints at a terminal; each line is typed when it has come to its prompt. */
async function printed(command: string, typed: readonly string[]): Promise<string> {
  const atTerminal = ['-qec', `stty cols ${COLUMNS}; ${command} 2>/dev/null`, '/dev/null']
  const child = spawn('script', atTerminal, { stdio: ['pipe', 'pipe', 'ignore'] })
  const waiting = [...typed]
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => {
    text += String(bytes)
    const isPrompt = /\n[^\n]*> (\u001b\[\d+G)?$/.test(text)
    if (isPrompt) void sleep(200).then(() => child.stdin.write(`${waiting.shift() ?? '.exit'}\r`))
  })
  await new Promise((ended) => child.once('close', ended))
  return text
}

const COLUMNS = 110

interface Style {
  colour: string | undefined
  bold: boolean
  dim: boolean
}

function picture(text: string): string {
  const [charWidth, lineHeight, margin] = [7.83, 18, 16]
  const lines = text.split('\n')
  const columns = Math.max(...lines.map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, '').length))
  const [width, height] = [Math.ceil(columns * charWidth) + 2 * margin, lines.length * lineHeight + 2 * margin]
  const style: Style = { colour: undefined, bold: false, dim: false }
  const rows = lines.map(
    (line, at) =>
      `<text x="${margin}" y="${margin + 13 + at * lineHeight}" xml:space="preserve">${spans(line, style)}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#1b1f27"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" fill="#d5dae3">
${rows.join('\n')}
</g>
</svg>
`
}

function spans(line: string, style: Style): string {
  return line
    .split(/(\u001b\[[\d;]*m)/)
    .map((part) => {
      const codes = /^\u001b\[([\d;]*)m$/.exec(part)
      if (!codes) return part === '' ? '' : `<tspan${attributes(style)}>${escape(part)}</tspan>`
      for (const code of codes[1]!.split(';')) apply(style, Number(code))
      return ''
    })
    .join('')
}

const COLOURS: Readonly<Record<number, string>> = {
  31: '#f07178',
  32: '#8fd18a',
  33: '#f2c572',
  34: '#7fb4f5',
  35: '#c792ea',
  36: '#6fd3d3',
}

/** https://en.wikipedia.org/wiki/ANSI_escape_code#SGR */
function apply(style: Style, code: number): void {
  if (code === 0 || code === 22) style.bold = style.dim = false
  if (code === 0 || code === 39) style.colour = undefined
  if (code === 1) style.bold = true
  if (code === 2) style.dim = true
  if (code in COLOURS) style.colour = COLOURS[code]
}

function attributes({ colour, bold, dim }: Style): string {
  return `${colour ? ` fill="${colour}"` : ''}${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.6"' : ''}`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

if (import.meta.main) await main(process.argv.slice(2))
