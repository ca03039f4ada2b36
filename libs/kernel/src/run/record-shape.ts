import type { Json } from '../json.ts'

/** What a record of a kind has at least: names with the types of their values. */
type Shape = Readonly<Record<string, 'text' | 'number' | 'object' | 'objects' | 'list' | 'artifacts'>>

/** By where records lie in a pipeline's folder. */
const SHAPES: readonly [place: RegExp, shape: Shape][] = [
  [
    /^runs\/[^/]+\/plan$/,
    {
      run: 'text',
      pipeline: 'text',
      env: 'text',
      params: 'object',
      steps: 'objects',
      nodes: 'objects',
      outputs: 'objects',
    },
  ],
  [/^runs\/[^/]+\/end$/, { status: 'text', endedAt: 'number' }],
  [/^runs\/[^/]+\/holder$/, { host: 'text', since: 'number' }],
  [/^runs\/[^/]+\/ends\//, { status: 'text', lanes: 'list' }],
  [/^runs\/[^/]+\/attempts\//, { startedAt: 'number' }],
  [/^runs\/[^/]+\/logs\//, { lines: 'list' }],
  [
    /^checkpoints\//,
    {
      step: 'text',
      key: 'text',
      fingerprint: 'text',
      params: 'object',
      inputs: 'object',
      outputs: 'artifacts',
      producer: 'object',
      computedAt: 'number',
      ms: 'number',
      generation: 'number',
    },
  ],
  [
    /^code\/.*\.json$/,
    { fingerprint: 'text', declarations: 'list', packages: 'list', reaches: 'list', imports: 'object' },
  ],
  [/^refs\//, { run: 'text' }],
  [/^leases\//, { holder: 'text' }],
]

const IS: Readonly<Record<Shape[string], (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  object: isObject,
  objects: (value) => isObject(value) && Object.values(value).every(isObject),
  list: (value) => Array.isArray(value) && value.every(isObject),
  artifacts: (value) =>
    isObject(value) && Object.values(value).every((ref) => isObject(ref) && typeof ref['digest'] === 'string'),
}

/** What a record at a place has not that it should have; undefined if it has all. */
export function lackIn(record: unknown, place: string): string | undefined {
  if (!isObject(record)) return 'it is no object'
  const [, shape = {}] = SHAPES.find(([pattern]) => pattern.test(place)) ?? []
  const lack = Object.keys(shape).find((name) => !IS[shape[name]!](record[name]))
  return lack === undefined ? undefined : `its "${lack}" is missing, or of another type`
}

function isObject(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
