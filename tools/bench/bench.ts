import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT, type Case, type Figure } from './lab.ts'
import { coldStart } from './cases/cold-start.ts'
import { exploring } from './cases/exploring.ts'
import { confinedSteps } from './cases/confined-steps.ts'
import { edits } from './cases/edits.ts'
import { fanOut } from './cases/fan-out.ts'
import { flightDelays } from './cases/flight-delays.ts'
import { handOver } from './cases/hand-over.ts'
import { persistedStep } from './cases/persisted-step.ts'
import { planning } from './cases/planning.ts'
import { services } from './cases/services.ts'
import { tracing } from './cases/tracing.ts'
import { unchanged } from './cases/unchanged.ts'
import { wideTables } from './cases/wide-tables.ts'

const CASES: Readonly<Record<string, Case>> = {
  'cold-start': coldStart,
  'persisted-step': persistedStep,
  unchanged,
  'fan-out': fanOut,
  'hand-over': handOver,
  'confined-steps': confinedSteps,
  edits,
  exploring,
  'flight-delays': flightDelays,
  planning,
  tracing,
  services,
  'wide-tables': wideTables,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { repeat: { type: 'string', default: '5' }, write: { type: 'boolean', default: false } },
})
const wanted = positionals.length > 0 ? positionals : Object.keys(CASES)
const unknown = wanted.find((name) => !(name in CASES))
if (unknown !== undefined) {
  console.error(`no case "${unknown}"; available: ${Object.keys(CASES).join(', ')}`)
  process.exit(1)
}

const PAGE = join(ROOT, 'docs/benchmarks.md')

const measured = new Map<string, string>()
for (const name of wanted) {
  const { title, run } = CASES[name]!
  const notes: string[] = []
  process.stderr.write(`${title} …\n`)
  const figures = await run({ repeat: Number(values.repeat), note: (line) => notes.push(line) })
  measured.set(title, [`## ${title}`, table(figures), ...notes].join('\n\n'))
  console.log(`${measured.get(title)!}\n`)
}
if (values.write) writeFileSync(PAGE, page(measured))

function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, cairn, floor, ratio, aim, met }) => [
    what,
    cairn,
    floor,
    ratio === undefined ? '' : `${ratio.toFixed(ratio < 10 ? 2 : 0)}x`,
    aim,
    met ? 'yes' : '**no**',
  ])
  const titles = ['case', 'Cairn', 'raw floor', 'ratio', 'aim', 'met']
  return [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** What was not measured now stays as it was. */
function page(measured: ReadonlyMap<string, string>): string {
  const before = existsSync(PAGE)
    ? readFileSync(PAGE, 'utf8')
        .split(/^(?=## )/m)
        .slice(1)
    : []
  const known = new Map(before.map((part) => [part.slice(3, part.indexOf('\n')), part.trim()]))
  const tables = Object.values(CASES).flatMap(({ title }) => measured.get(title) ?? known.get(title) ?? [])
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}`
  return `# Benchmarks

What \`npm run bench -- --write\` measured on ${machine}. Every figure stands beside the raw cost of the same thing,
measured in the same run, the two in turn; times are medians of whole processes. Ratios mean more than seconds.

${tables.join('\n\n')}
`
}
