import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { refuseCopiedStack, stackPlaceAt, stackPlaceFile, stackPlaceOf } from './stack-place.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-stack-place-'))
  begin('one')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)
function begin(name: string): void {
  mkdirSync(dirname(stackPlaceFile(at(name))), { recursive: true })
  writeFileSync(stackPlaceFile(at(name)), JSON.stringify(stackPlaceAt(at(name))))
}
const looksAt = (name: string) => () => refuseCopiedStack(at(name), stackPlaceOf(at(name)))

it('the services of a folder are found by any path to it', () => {
  expect(looksAt('one')).not.toThrow()
  symlinkSync(at('one'), at('link'))
  expect(looksAt('link')).not.toThrow()
  expect(() => refuseCopiedStack(at('one'), undefined)).not.toThrow()
})

it('a copy of a folder has none: the error names the folder of the services, and what to do', () => {
  cpSync(at('one'), at('two'), { recursive: true })
  expect(looksAt('two')).toThrow(`this folder is a copy of ${at('one')}, and its services run the code of that folder`)
  expect(looksAt('one')).not.toThrow()
  rmSync(join(at('two'), '.cairn/stack'), { recursive: true })
  begin('two')
  expect(looksAt('two')).not.toThrow()
  expect(stackPlaceOf(at('two'))!.id).not.toBe(stackPlaceOf(at('one'))!.id)
})

it('a moved folder keeps its services, even if another took its place', () => {
  renameSync(at('one'), at('moved'))
  expect(looksAt('moved')).not.toThrow()
  begin('one')
  expect(looksAt('moved')).not.toThrow()
  const before = stackPlaceOf(at('moved'))!
  begin('moved')
  expect(stackPlaceOf(at('moved'))).toEqual({ ...before, root: at('moved') })
})
