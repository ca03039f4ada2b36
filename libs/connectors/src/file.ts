import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pipeline as pump } from 'node:stream/promises'
import { whyNoFile } from '@cairn/files'
import { CairnError, checkNoOptions, shown, type Connector, type ConnectorContext, type LocalFile } from '@cairn/kernel'

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

function checkText(value: unknown, owner: string, example: string): void {
  if (typeof value === 'string' && value !== '') return
  throw new CairnError('BAD_DEFINITION', `${owner} takes a non-empty string, not ${shown(value)}`, {
    next: `for example ${example}`,
  })
}

function fileConnector(describes: string, locate: (context: ConnectorContext) => string): Connector<LocalFile> {
  return {
    describes,
    async version(context) {
      const path = locate(context)
      try {
        const found = await stat(path, { bigint: true })
        const reason = whyNoFile(found)
        if (reason !== undefined) throw new Error(`${reason}, but a source reads a single file`)
        const { size, mtimeNs, ctimeNs, ino } = found
        const digest = () => fileDigest(path, context.signal)
        // The digest of a recently changed file is not remembered: another change within the same tick of the file
        // system's clock would leave the same times.
        if (Date.now() - Number(mtimeNs / 1_000_000n) < 2_000) return await digest()
        return await context.remember(`${path} ${size} ${mtimeNs} ${ctimeNs} ${ino}`, digest)
      } catch (cause) {
        throw new CairnError('SOURCE_UNREACHABLE', `${describes} cannot be read: ${(cause as Error).message}`, {
          cause,
          next: `check ${path}, or change the path that the source reads`,
        })
      }
    },
    open: (context) => ({ path: locate(context) }),
  }
}

async function fileDigest(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pump(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal })
  return hash.digest('hex')
}

function packageFolder(name: string, root: string): string {
  const folders = createRequire(join(root, 'package.json')).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'package.json')))
  if (found) return found
  throw new CairnError('SOURCE_UNREACHABLE', `package ${name} is not installed for ${root}`, {
    next: `npm install ${name}`,
  })
}
