import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { CairnError, suggest } from '@cairn/kernel'
import { findProject } from '@cairn/workspace'
import type { GlobalOptions } from '../global-options.ts'
import { paint } from '../terminal/style.ts'
import { TEMPLATES } from '../templates.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn new <what> <name>`: writes new files with a passing test. Never changes existing files. */
export default function create(
  what: string,
  name: string,
  options: { in?: string },
  command: { optsWithGlobals(): GlobalOptions },
): void {
  const filesOf = Object.hasOwn(TEMPLATES, what) ? TEMPLATES[what] : undefined
  if (!filesOf)
    throw new CairnError('BAD_PARAMETER', `cairn new cannot create a "${what}"`, {
      next: suggest(what, Object.keys(TEMPLATES), 'cairn new --help'),
    })
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw new CairnError('BAD_PARAMETER', `"${name}" is not a valid name for a ${what}`, {
      next: 'use lower case and dashes, for example train-model',
    })
  const { json, project = process.cwd() } = command.optsWithGlobals()
  const { root, pipelines } = findProject(project)
  const folder = options.in ?? defaultFolder(root, pipelines, what, name)
  const files = filesOf(name)
  const taken = Object.keys(files).find((file) => existsSync(join(folder, file)))
  if (taken !== undefined)
    throw new CairnError('BAD_PARAMETER', `${relative(process.cwd(), join(folder, taken))} already exists`, {
      next: 'choose another name, or another folder with --in',
    })
  mkdirSync(folder, { recursive: true })
  const written = Object.keys(files).map((file) => relative(process.cwd(), join(folder, file)))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  if (json) return printData(JSON.stringify({ written }))
  for (const file of written) printLines(`wrote  ${file}`)
  const test = Object.keys(files).find((file) => file.endsWith('.test.ts'))!
  const hints = [
    `npx node --test ${relative(process.cwd(), join(folder, test))}`,
    ...(what === 'pipeline' ? [`cairn run ${name}`] : []),
  ]
  printLines(hints.map((hint, at) => `${at === 0 ? paint('dim', 'next') : '    '}   ${hint}`).join('\n'))
}

/** The folder of the project's first pipeline pattern, next to the other pipelines. */
function defaultFolder(
  root: string,
  [pattern = 'pipelines/*.ts']: readonly string[],
  what: string,
  name: string,
): string {
  const fixed = pattern.slice(0, pattern.includes('*') ? pattern.indexOf('*') : pattern.lastIndexOf('/') + 1)
  const inOwnFolder = what === 'pipeline' && /\*\/[^*]+$/.test(pattern)
  return join(root, fixed, inOwnFolder ? name : '')
}
