import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JsonFile } from './json-file.ts'

describe('a cache file', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cairn-json-'))
    path = join(folder, 'cache', 'facts.json')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const open = (limit = 100) => new JsonFile<unknown>(path, limit)
  const keep = (values: Readonly<Record<string, unknown>>, file = open()) => {
    for (const [key, value] of Object.entries(values)) file.set(key, value)
    file.save()
  }

  it('is empty at first, and remembers what was set from one process to the next', () => {
    const file = open()
    expect([file.isEmpty, file.get('a')]).toEqual([true, undefined])
    keep({ a: 1, b: { c: [2] }, __proto__x: null })
    expect([open().isEmpty, open().get('a'), open().get('b'), open().get('__proto__x')]).toEqual([
      false,
      1,
      { c: [2] },
      null,
    ])
  })

  it('remembers nothing that was not saved', () => {
    open().set('a', 1)
    expect(open().get('a')).toBeUndefined()
  })

  it('is written only when something was set since', () => {
    const file = open()
    file.get('a')
    file.save()
    expect(existsSync(path)).toBe(false)
    keep({ a: 1 }, file)
    rmSync(path)
    file.save()
    expect(existsSync(path)).toBe(false)
  })

  it.each(['', '{ "a": 1', 'null'])('is treated as empty if it holds %j, and is written again', (text) => {
    mkdirSync(join(folder, 'cache'))
    writeFileSync(path, text)
    expect(open().isEmpty).toBe(true)
    keep({ a: 1 })
    expect(open().get('a')).toBe(1)
  })

  it('keeps a limited number of entries: those that were last set or read', () => {
    keep({ a: 1, b: 2, c: 3, d: 4 })
    const file = open(3)
    file.get('a')
    keep({ b: 5, e: 6 }, file)
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => open().get(key))).toEqual([1, 5, undefined, undefined, 6])
  })

  it('is replaced atomically: one of two saving processes wins, and no other files are left', () => {
    const [one, two] = [open(), open()]
    one.set('a', 1)
    two.set('b', 2)
    one.save()
    two.save()
    expect([open().get('a'), open().get('b')]).toEqual([undefined, 2])
    expect(readdirSync(join(folder, 'cache'))).toEqual(['facts.json'])
  })

  it('works without a file if none can be written', () => {
    writeFileSync(join(folder, 'cache'), 'a file where a folder should be')
    const file = open()
    keep({ a: 1 }, file)
    expect(file.get('a')).toBe(1)
    expect(open().isEmpty).toBe(true)
  })
})
