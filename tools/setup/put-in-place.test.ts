import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

interface PutInPlace {
  readonly folderAt: (path: string) => number | undefined
  readonly putInPlace: (made: string, place: string, before?: number, isDone?: () => boolean) => void
}
const { folderAt, putInPlace } = (await import(join(import.meta.dirname, 'put-in-place.js'))) as PutInPlace

const FILES = 40
const ROUNDS = 50
/** Installs folders into one place repeatedly: `node putter.mjs <folder> <name>`. */
const PUTTER = `
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { putInPlace } from ${JSON.stringify(join(import.meta.dirname, 'put-in-place.js'))}
const [folder, name] = process.argv.slice(2)
for (let round = 0; round < ${ROUNDS}; round++) {
  const made = join(folder, name + round)
  mkdirSync(made)
  for (let file = 0; file < ${FILES}; file++) writeFileSync(join(made, 'file-' + file), name + round)
  putInPlace(made, join(folder, 'place'))
}
`

let folder: string
let place: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-place-'))
  place = join(folder, 'place')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const make = (name: string) => {
  const made = join(folder, name)
  mkdirSync(made)
  writeFileSync(join(made, 'file'), name)
  return made
}

it('three processes install one folder at once: each succeeds, and one complete folder is left', async () => {
  writeFileSync(join(folder, 'putter.mjs'), PUTTER)
  const putters = ['a', 'b', 'c'].map((name) => fork(join(folder, 'putter.mjs'), [folder, name], { stdio: 'inherit' }))
  const codes = await Promise.all(putters.map((putter) => once(putter, 'exit')))
  expect(codes).toEqual([
    [0, null],
    [0, null],
    [0, null],
  ])
  expect(readdirSync(folder).sort()).toEqual(['place', 'putter.mjs'])
  const files = readdirSync(place)
  expect(files).toHaveLength(FILES)
  expect(new Set(files.map((file) => readFileSync(join(place, file), 'utf8'))).size).toBe(1)
})

it('keeps the folder of another process if it is equivalent', () => {
  const left = () => readFileSync(join(place, 'file'), 'utf8')
  const before = folderAt(place)
  putInPlace(make('first'), place)
  putInPlace(make('second'), place, before, () => true)
  expect(left()).toBe('first')
  putInPlace(make('third'), place, before, () => false)
  expect(left()).toBe('third')
  putInPlace(make('fourth'), place, folderAt(place), () => true) // no other process interfered
  expect(left()).toBe('fourth')
  expect(readdirSync(folder)).toEqual(['place'])
})
