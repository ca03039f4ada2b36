import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ConnectorContext } from '@cairn/kernel'
import { fileVersion } from '../file-version.ts'

/** Returns the version of a database file together with its write-ahead log, which holds changes that the file lacks. */
export async function versionWithLog(path: string, suffix: string, context: ConnectorContext): Promise<string> {
  const file = resolve(context.root, path)
  const log = file + suffix
  const version = await fileVersion(file, path, context)
  return existsSync(log) ? `${version} ${await fileVersion(log, path + suffix, context)}` : version
}
