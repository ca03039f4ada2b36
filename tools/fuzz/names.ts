import type { Random } from './random.ts'
import type { Command, Scenario } from './scenario.ts'
import { oddText, oddWord } from './texts.ts'

export const PACKAGE = '{ "type": "module", "cairn": { "pipelines": ["*.pipeline.ts"] } }'

/** Definitions with odd names: each is refused, or works in every command. */
export function names(random: Random): Scenario {
  const odd = (usual: string) => (random.chance(0.3) ? oddText(random) : usual)
  const [p, a, b, out, input, parameter, secret] = ['p', 'a', 'b', 'v', 'v', 'n', 'S'].map(odd) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const label = random.chance(0.5) ? oddText(random) : 'x'
  const text = (value: string) => JSON.stringify(value)
  const isMapped = random.chance(0.4)
  const pipeline = `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
export const a = step(${text(a)}, { outputs: { [${text(out)}]: ${isMapped ? 'list(json())' : 'json()'} }, params: z.object({ [${text(parameter)}]: z.number().default(1) }),
  ${random.chance(0.2) ? `secrets: [${text(secret)}],` : ''} run: () => ({ [${text(out)}]: ${isMapped ? `['one', ${text(label)}]` : '"one"'} }) })
export const b = step(${text(b)}, { inputs: { [${text(input)}]: json() }, outputs: { w: json() }, run: (given) => ({ w: given[${text(input)}] + ' two' }) })
export const p = pipeline(${text(p)}, () => {
  const made = a({})[${text(out)}]
  return ${isMapped ? `{ w: each(made, (v) => b({ [${text(input)}]: v })).w }` : `b({ [${text(input)}]: made })`}
})
`
  const json = random.chance(0.5) ? ['--json'] : []
  const word = () => (random.chance(0.5) ? oddWord(random) : random.pick([p, a, b, out]).replaceAll('\0', ''))
  const commands: Command[] = random.chance(0.35)
    ? [{ words: [...json, 'run', '--progress', 'none', '--jobs', '1'], ...(!isMapped && { gives: 'one two' }) }]
    : [{ words: [...json, 'plan'] }]
  const more = [
    ['graph'],
    ['graph', '--mermaid'],
    ['runs'],
    ['show', word()],
    ['cat', `${word()}/${word()}/${word()}/${word()}`],
    ['plan', word()],
    ['why'],
    ['why', p.replaceAll('\0', ''), word()],
    ['logs', `${word()}/${word()}`],
    ['new', random.pick(['step', 'pipeline', word()]), word()],
    ['--playground', word(), 'runs'],
    ['playgrounds'],
    ['playgrounds', '--delete', word()],
    ['plan', '--from', word()],
    ['plan', '--until', word()],
    ['plan', '--set', `${word()}=${word()}`],
    ['plan', '--set', `${word()}.${word()}=${word()}`],
    ['plan', '--force', word()],
    ['diff', word(), word()],
    ['show', [word(), 'latest', word(), word()].join('/')],
    ['doctor'],
    ['complete', 'run', word()],
  ]
  for (const words of random.some(more, 4)) commands.push({ words: [...json, ...words] })
  return { kind: 'names', files: { 'package.json': PACKAGE, 'p.pipeline.ts': pipeline }, commands }
}
