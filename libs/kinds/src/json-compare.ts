import { canonical, type Artifact, type Compared, type Json } from '@cairn/kernel'

/** Lists the paths at which two JSON values differ, with both values. */
export async function compareJson(before: Artifact, after: Artifact): Promise<readonly Compared[]> {
  const [was, is] = await Promise.all(
    [before, after].map(async (side) => JSON.parse(String(Buffer.from(await side.bytes()))) as Json),
  )
  const rows = [...differences('', was, is)]
  return [{ title: 'changed', columns: ['place', 'value'].map((name) => ({ name, type: 'string' })), rows }]
}

function* differences(place: string, was: Json | undefined, is: Json | undefined): Generator<Json[]> {
  const [one, other] = [branches(was), branches(is)]
  if (one && other && Array.isArray(was) === Array.isArray(is)) {
    for (const name of new Set([...Object.keys(other), ...Object.keys(one)]))
      yield* differences(place === '' ? name : `${place}.${name}`, one[name], other[name])
  } else if (text(was) !== text(is)) yield [place, [was ?? null, is ?? null]]
}

function branches(value: Json | undefined): Readonly<Record<string, Json>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, Json>) : undefined
}

function text(value: Json | undefined): string {
  return value === undefined ? '' : canonical(value)
}
