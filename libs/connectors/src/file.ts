import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { CairnError, checkNoOptions, type Connector, type ConnectorContext, type LocalFile } from '@cairn/kernel'
import { checkText } from './check-text.ts'
import { fileVersion } from './file-version.ts'

/**
 * Connects a source to a file of the project. The version of the file is the SHA-256 of its content.
 *
 * @param path relative to the project's folder, or absolute
 * @throws CairnError BAD_DEFINITION when `path` is not a text
 * @throws CairnError SOURCE_UNREACHABLE when a run is planned and the file cannot be read
 * @example
 * reads: { flights: fromFile('data/flights.csv') }
 */
export function fromFile(path: string): Connector<LocalFile>
export function fromFile(path: string, ...more: readonly unknown[]): Connector<LocalFile> {
  checkNoOptions(more, 'fromFile')
  checkText(path, 'fromFile', `fromFile('data/flights.csv')`)
  return fileConnector(path, ({ root }) => resolve(root, path))
}

/**
 * Connects a source to a file inside an installed npm package. The package need not export the file.
 *
 * @param name the name of the package
 * @param path relative to the package's folder
 * @throws CairnError BAD_DEFINITION when an argument is not a text
 * @throws CairnError SOURCE_UNREACHABLE when a run is planned and the package or the file cannot be read
 * @example
 * reads: { flights: fromPackage('vega-datasets', 'data/flights-3m.parquet') }
 */
export function fromPackage(name: string, path: string): Connector<LocalFile>
export function fromPackage(name: string, path: string, ...more: readonly unknown[]): Connector<LocalFile> {
  checkNoOptions(more, 'fromPackage')
  for (const part of [name, path])
    checkText(part, 'fromPackage', `fromPackage('vega-datasets', 'data/flights-3m.parquet')`)
  return fileConnector(`${name}/${path}`, ({ root }) => join(packageFolder(name, root), path))
}

function fileConnector(name: string, locate: (context: ConnectorContext) => string): Connector<LocalFile> {
  return {
    name,
    version: (context) => fileVersion(locate(context), name, context),
    open: (context) => ({ path: locate(context) }),
  }
}

function packageFolder(name: string, root: string): string {
  const folders = createRequire(join(root, 'package.json')).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'package.json')))
  if (found) return found
  throw new CairnError('SOURCE_UNREACHABLE', `package ${name} is not installed for ${root}`, {
    next: `npm install ${name}`,
  })
}
