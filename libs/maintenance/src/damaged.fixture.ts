type Place = { readonly holder: Record<string, unknown>; readonly key: string }

/** Lists every value in a record, with the object that holds it. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.keys(value).flatMap((key) => {
    const holder = value as Record<string, unknown>
    return [{ holder, key }, ...placesIn(holder[key])]
  })
}

const DEEP = 'nested deeply'
const values: readonly unknown[] = [
  null,
  '',
  'x',
  '../../x',
  'constructor',
  'x'.repeat(100_000),
  -1,
  0,
  1.5,
  1e300,
  true,
  [],
  [null],
  {},
  { x: {} },
  DEEP,
  JSON.parse('{"__proto__":{"v":1}}'),
]

/** Returns a damaged form of a record: a field removed, renamed or added, of another type, or nested. */
export function altered(record: object, where: number, how: number): string {
  const copy = structuredClone(record) as { v?: unknown; check?: unknown }
  delete copy.check
  const places = placesIn(copy)
  const { holder, key } = places[where % places.length]!
  const kind = how % (values.length + 4)
  if (kind < values.length) holder[key] = values[kind]
  else if (kind === values.length) delete holder[key]
  else if (kind === values.length + 1) copy.v = [2, '1', {}, -1, null][where % 5]
  else if (kind === values.length + 2) holder[key] = { [key]: holder[key] }
  else holder[`${key}x`] = holder[key]
  return JSON.stringify(copy)
    .replace('"v":1', where % 9 === 0 ? '"__proto__":{},"v":1' : '"v":1')
    .replaceAll(JSON.stringify(DEEP), '['.repeat(20_000) + ']'.repeat(20_000))
}
