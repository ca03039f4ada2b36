import { describe, expect, it } from 'vitest'
import { canonical, type ArtifactRef } from '@cairn/kernel'
import { parseManifest } from '@cairn/kernel/contract'
import { chained, ManifestWriter, openManifest, writeManifest } from './manifest.ts'

const labels = ['plain', '"', '\\', '\\"', '{', '}', '},{', '[]', 'é雪🪨', '\u0000\n', '']
const items = Array.from({ length: 3_000 }, (_, index): ArtifactRef => {
  const label = labels[index % labels.length]!
  return {
    digest: String(index),
    size: index,
    label,
    ...(index % 2 && { text: `{"${index}":"}"}` }),
    summary: { label },
  }
})

describe('a list’s manifest', () => {
  it.each([0, 1, 2, 63, 64, 65, 3_000])('names %i items, read one by one as all at once', (count) => {
    const some = items.slice(0, count)
    const bytes = writeManifest(some)
    expect(Buffer.from(bytes).toString()).toBe(canonical({ v: 1, items: some }))
    const opened = openManifest(bytes)
    expect(opened.length).toBe(count)
    expect(some.map((_, index) => opened.at(index))).toEqual(some)
    expect([opened.at(count), opened.at(-1)]).toEqual([undefined, undefined])
    expect(parseManifest(bytes)).toEqual(some)
  })

  it('has the same bytes if it is written item by item', () => {
    const writer = new ManifestWriter()
    for (const item of items) writer.add(item)
    expect(writer.length).toBe(items.length)
    expect(Buffer.from(writer.bytes()).equals(writeManifest(items))).toBe(true)
  })

  it('is read in any valid JSON format', () => {
    const opened = openManifest(Buffer.from(JSON.stringify({ v: 1, items }, undefined, 2)))
    expect([opened.length, opened.at(7)]).toEqual([items.length, items[7]])
  })

  it('continues in the next list after one ends', () => {
    const parts = [items.slice(0, 2), [], items.slice(2, 3), items.slice(3, 9)]
    const all = chained(parts.map((part) => openManifest(writeManifest(part))))
    expect(all.length).toBe(9)
    expect(Array.from({ length: 9 }, (_, index) => all.at(index))).toEqual(items.slice(0, 9))
    expect([all.at(9), all.at(-1), chained([]).length]).toEqual([undefined, undefined, 0])
  })
})
