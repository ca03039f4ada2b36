import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { CliProject, REPOSITORY, type Files } from './project.fixture.ts'

/** A project with packages of its own, which no lockfile knows. */
export function projectWith(files: Files): CliProject {
  const project = new CliProject()
  rmSync(project.path('node_modules'))
  mkdirSync(project.path('node_modules'))
  for (const name of ['@cairn', 'zod'])
    symlinkSync(join(REPOSITORY, 'node_modules', name), project.path('node_modules', name))
  project.write(files)
  return project
}

/** Files of a package that consists of one module. */
export function installed(name: string, version: string, code: string, more: object = {}): Files {
  const json = { name, version, type: 'module', exports: { import: './index.js' }, ...more }
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify(json),
    [`node_modules/${name}/index.js`]: code,
  }
}
