import fc from 'fast-check'
import type { Files } from './project.fixture.ts'

/** What surrounds a program in its project: numbers in files, of which only some count. An edit changes at most one. */
export interface Surroundings {
  /** In the code of a package, behind its entry. */
  readonly packaged: number
  readonly json: number
  /** In a data file that the step reads. */
  readonly beside: number
  /** Behind two levels of `export *`. */
  readonly starred: number
  /** The result of an inherited method, and a static field. */
  readonly inherited: number
  readonly counted: number
  /** Pushed into a list of another module while loading. */
  readonly registered: number
  /** Makes a helper throw in some cases. */
  readonly checked: number
  /** Read by nothing: an unused export, a compiler setting. */
  readonly unread: number
}

const KEYS = [
  'packaged',
  'json',
  'beside',
  'starred',
  'inherited',
  'counted',
  'registered',
  'checked',
  'unread',
] as const

const surroundings: fc.Arbitrary<Surroundings> = fc.record(
  Object.fromEntries(KEYS.map((key) => [key, fc.nat(2)])) as { [Key in keyof Surroundings]: fc.Arbitrary<number> },
)

/** Generates the same surroundings twice, or with one number changed. */
export const surroundingsEdit: fc.Arbitrary<[Surroundings, Surroundings]> = fc
  .tuple(surroundings, fc.option(fc.constantFrom(...KEYS)), fc.nat(2))
  .map(([before, key, value]) => [before, key === null ? before : { ...before, [key]: value }])

export function surround(
  files: Files,
  { packaged, json, beside, starred, inherited, counted, registered, checked, unread }: Surroundings,
): Files {
  const imports = `import { value as fromPackage } from 'packaged'
import fromJson from './data.json' with { type: 'json' }
import { readFileSync as read } from 'node:fs'
import { starred as fromStar } from './star.ts'
import { Shape as FromClass, registry as fromRegistry } from './shapes.ts'
import { check as fromCheck } from './check.ts'
import './register.ts'
`
  const values =
    "fromPackage, fromJson.list[0], read(new URL('./beside.txt', import.meta.url), 'utf8'), fromStar, new FromClass().area(), FromClass.made, [...fromRegistry], fromCheck(), "
  return {
    ...files,
    'steps.ts': imports + files['steps.ts']!.replace(/run: \(\) => \[/, `run: () => [${values}`),
    'data.json': JSON.stringify({ list: [json] }),
    'beside.txt': `${beside}`,
    'star.ts': `export * from './star/index.ts'\nexport const besides = ${unread}\n`,
    'star/index.ts': `export * from './values.ts'\n`,
    'star/values.ts': `export const starred = ${starred}\n`,
    'shapes.ts': `class Base { size() { return ${inherited} } }
export class Shape extends Base { static made = ${counted}; #n = 1; area(): number { return super.size() + this.#n } }
export const registry: number[] = []\n`,
    'check.ts': `const [most, checked]: number[] = [1, ${checked}]
export function check(): number { if (checked! > most! && ${packaged} === 0) throw new RangeError('more than ' + most); return checked! }
`,
    'register.ts': `import { registry } from './shapes.ts'\nregistry.push(${registered})\n`,
    'tsconfig.json': JSON.stringify({ compilerOptions: { target: ['es2022', 'es2023', 'esnext'][unread] } }),
    'node_modules/packaged/package.json':
      '{ "name": "packaged", "version": "1.0.0", "type": "module", "exports": { "import": "./index.js" } }',
    'node_modules/packaged/index.js': `export { value } from './value.js'`,
    'node_modules/packaged/value.js': `export const value = ${packaged}`,
  }
}
