import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline as pump } from 'node:stream/promises'
import { CairnError } from '../errors.ts'
import type { Json } from '../json.ts'

/** Something outside that a source reads, and how to tell that it has changed. */
export interface Origin<Opened> {
  /** For people: `data/flights.csv`. */
  readonly describes: string
  /**
   * What stands for the present content: a digest, an ETag, a snapshot's id, a watermark. Asked for when a run is
   * planned, under a deadline. An origin without one needs a `cache` policy on its source.
   */
  version?(context: OriginContext): string | Promise<string>
  /** What the source's body receives. */
  open(context: OriginContext): Opened | Promise<Opened>
}
export type Origins = Readonly<Record<string, Origin<any>>>
export type Opened<R extends Origins> = {
  readonly [Name in keyof R]: R[Name] extends Origin<infer Content> ? Content : never
}

export interface OriginContext {
  /** The project's folder: relative paths and packages are found from here. */
  readonly root: string
  readonly params: Readonly<Record<string, Json>>
  readonly secrets: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly scratch: string
  /** Remembers what was computed for a stamp (a file's size and times, say) from one plan to the next. */
  remember(stamp: string, compute: () => Promise<string>): Promise<string>
}

export interface LocalFile {
  readonly path: string
}

/** A file of the project, by its path from the project's folder. Its version is its content's SHA-256. */
export function fromFile(path: string): Origin<LocalFile> {
  return fileOrigin(path, ({ root }) => resolve(root, path))
}

/** A file inside an installed npm package, whether or not the package exports it. */
export function fromPackage(name: string, path: string): Origin<LocalFile> {
  return fileOrigin(`${name}/${path}`, ({ root }) => join(packageFolder(name, root), path))
}

/** A file behind a URL. Its version is the server's ETag, or else the time of its last change. */
export function fromUrl(url: string): Origin<LocalFile> {
  return {
    describes: url,
    async version({ signal }) {
      const { headers } = await request(url, { method: 'HEAD', signal })
      const version = headers.get('etag') ?? headers.get('last-modified')
      if (version !== null) return version
      throw new CairnError('SOURCE_UNREACHABLE', `${url} tells neither an ETag nor when it last changed`, {
        next: 'give its source a cache policy: cache: { maxAge: "1d" }',
      })
    },
    async open({ signal, scratch }) {
      const { body } = await request(url, { signal })
      const path = join(scratch, 'download')
      await pump(body ? Readable.fromWeb(body as never) : Readable.from([]), createWriteStream(path), { signal })
      return { path }
    },
  }
}

function fileOrigin(describes: string, locate: (context: OriginContext) => string): Origin<LocalFile> {
  return {
    describes,
    async version(context) {
      const path = locate(context)
      try {
        const { size, mtimeNs, ctimeNs, ino } = await stat(path, { bigint: true })
        const digest = () => fileDigest(path, context.signal)
        // A file changed in the last moments could change again within the same tick of its clock.
        if (Date.now() - Number(mtimeNs / 1_000_000n) < 2_000) return await digest()
        return await context.remember(`${path} ${size} ${mtimeNs} ${ctimeNs} ${ino}`, digest)
      } catch (cause) {
        throw new CairnError('SOURCE_UNREACHABLE', `${describes} cannot be read: ${(cause as Error).message}`, {
          cause,
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

async function request(url: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (cause) {
    throw new CairnError('SOURCE_UNREACHABLE', `${url} cannot be reached: ${(cause as Error).message}`, { cause })
  }
  if (!response.ok)
    throw new CairnError('SOURCE_UNREACHABLE', `${url} answers ${response.status} ${response.statusText}`)
  return response
}
