import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline as pipe } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError, type ErrorCode } from '@cairn/kernel'
import type { ArtifactStore } from '@cairn/records'
import { created, names, pipelines, problem, read, readIf, stored, type Problem } from './control-answers.ts'

export interface ControlOptions {
  /** URL of the service, such as `https://control.example.com`. */
  readonly url: string
  readonly token: string
}
export interface ControlStoreOptions extends ControlOptions {
  readonly env: string
  /** Local folder for copies of fetched objects. */
  readonly cache: string
  /** Called for each object that is not in the cache, before its download. `size` is in bytes. */
  readonly onFetch?: (object: { readonly digest: string; readonly size: number | undefined }) => void
}

const RESPONSE_MS = 60_000
/**
 * How long to repeat a request if control has answered this process before, but no longer does, as during a restart.
 */
const RESTART_MS = 30_000
/** How long to repeat a request with an idempotency key otherwise: its response may be lost, and a wrong URL shows soon. */
const FIRST_CONTACT_MS = 2_000
const RETRY_MS = 500
/** URLs that have answered this process. */
const answered = new Set<string>()
const TOO_MANY = 429
/** How often a request is repeated after status 429, each time after the `retry-after` of the response. */
const MAX_BUSY_RETRIES = 30

export interface ControlRequest extends Omit<RequestInit, 'headers' | 'body'> {
  /** A function returns a new stream for each attempt. */
  readonly body?: string | Buffer | (() => ReadableStream)
  readonly headers?: Readonly<Record<string, string>>
  /** Timeout of the whole response, in milliseconds; null for none. Default: 60,000. */
  readonly deadline?: number | null
  /** Called each time that control is too busy (status 429), before the wait for the next attempt. */
  readonly onBusy?: (busy: Busy) => void
}
/** Why control does not accept a request yet. */
export interface Busy {
  readonly why: string
  /** Milliseconds until the next attempt. */
  readonly waitMs: number
  /** Milliseconds until the request fails. */
  readonly leftMs: number
}

/** Methods whose requests have the same effect when they are sent again. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'PUT'])

/**
 * Sends a request to the control service, with the token. Repeats it while control is too busy, or, if the request is
 * idempotent, while control restarts. Callers need not repeat it.
 *
 * @throws CairnError with the code and message of an error response; BUS_FAILED if control does not respond
 */
export async function askControl(
  { url, token }: ControlOptions,
  path: string,
  { body, headers, signal, deadline = RESPONSE_MS, onBusy, ...init }: ControlRequest = {},
): Promise<Response> {
  const signals = [...(signal ? [signal] : []), ...(deadline === null ? [] : [AbortSignal.timeout(deadline)])]
  const given = AbortSignal.any(signals)
  const sendOnce = () =>
    fetch(new URL(path, url), {
      ...init,
      ...(body !== undefined && {
        body: (typeof body === 'function' ? body() : body) as NonNullable<RequestInit['body']>,
      }),
      ...(typeof body === 'function' && { duplex: 'half' }),
      signal: given,
      headers: { authorization: `Bearer ${token}`, ...headers },
    })
  const send = async () => {
    for (const since = performance.now(); ;)
      try {
        const answer = await sendOnce()
        answered.add(url)
        return answer
      } catch (error) {
        if (
          given.aborted ||
          !isConnectionError(error) ||
          performance.now() - since >= repeatForMs(url, init.method, headers)
        )
          throw error
        await sleep(RETRY_MS, undefined, { signal: given })
      }
  }
  const end = performance.now() + (deadline ?? Infinity)
  let answer: Response
  try {
    answer = await send()
    for (let left = MAX_BUSY_RETRIES; answer.status === TOO_MANY && left > 0; left--) {
      const wait = 1000 * (Number(answer.headers.get('retry-after')) || 1)
      if (performance.now() + wait >= end) break // the error of control is more useful than a timeout
      const { detail: why } = await problemIn(answer)
      onBusy?.({ why, waitMs: wait, leftMs: Math.min(end - performance.now(), left * wait) })
      await sleep(wait, undefined, { signal: given })
      answer = await send()
    }
  } catch (cause) {
    throw new CairnError('BUS_FAILED', `the control service at ${url} does not respond: ${reason(cause)}`, {
      cause,
      next: 'cairn status',
    })
  }
  if (answer.ok) return answer
  const { code, detail, next } = await problemIn(answer)
  throw new CairnError(code as ErrorCode, detail, next === undefined ? {} : { next })
}

/** Returns how long to repeat a request that control does not answer, in milliseconds; 0 if it must not be repeated. */
function repeatForMs(url: string, method = 'GET', headers: ControlRequest['headers'] = {}): number {
  const hasKey = headers['idempotency-key'] !== undefined
  if (!hasKey && !REPEATABLE.has(method)) return 0
  return answered.has(url) ? RESTART_MS : hasKey ? FIRST_CONTACT_MS : 0
}

/** Whether control could not be reached, or went away before it answered. */
function isConnectionError(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: unknown }
  return CONNECTION_CODES.has(String(code))
}
const CONNECTION_CODES: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** Reads an error response. One of a proxy in between has another format. */
async function problemIn(answer: Response): Promise<Problem> {
  return (await readIf(answer, problem)) ?? { code: 'UNEXPECTED', detail: `${answer.status} ${answer.statusText}` }
}

function reason(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}

/**
 * The store of an environment, accessed through the control service. Writes need the right `adopt`. `replace`, `remove`
 * and `move` throw STORE_FAILED.
 */
export function controlStore({ env, cache, onFetch, ...control }: ControlStoreOptions): ArtifactStore {
  const address = (what: string, path: string): string => {
    const [, pipeline = '', rest = ''] = /^([^/]+)\/(.*)$/.exec(path.slice(env.length + 1)) ?? []
    return `/v1/pipelines/${encodeURIComponent(pipeline)}/store/${what}?path=${encodeURIComponent(rest)}`
  }
  const unlessMissing = (error: unknown): undefined => {
    if (error instanceof CairnError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
  const refuse = (what: string) => () => {
    throw new CairnError('STORE_FAILED', `the control service does not allow clients to ${what} objects in its store`)
  }
  const knownPipelines = async (): Promise<readonly string[]> => {
    const known = await read(await askControl(control, '/v1/pipelines'), pipelines)
    if (known.env === env) return known.pipelines
    throw new CairnError(
      'CONFLICT',
      `the control service at ${control.url} serves environment ${known.env}, not ${env}`,
      {
        next: `set "env": "${known.env}" in the context, or use the URL of the control service of ${env}`,
      },
    )
  }
  const put = (path: string, what: string, body: Buffer | (() => ReadableStream)) =>
    askControl(control, address(what, path), {
      method: 'PUT',
      deadline: null,
      body,
      headers: { 'content-type': 'application/octet-stream' },
    })

  /** Downloads code again each time. Before it runs, its bytes are checked against the plan. */
  const fetchCode = async (path: string): Promise<string | undefined> => {
    const kept = join(cache, 'code', path.slice(path.lastIndexOf('/') + 1))
    const bytes = await store.read(path)
    if (!bytes) return undefined
    await mkdir(join(cache, 'code'), { recursive: true })
    const made = `${kept}.${randomUUID()}` // several fetches of this process may run at once
    try {
      await writeFile(made, bytes)
      await rename(made, kept)
    } finally {
      await rm(made, { force: true })
    }
    return kept
  }

  const store: ArtifactStore = {
    async read(path) {
      const answer = await askControl(control, address('record', path)).catch(unlessMissing)
      return answer && Buffer.from(await answer.arrayBuffer())
    },
    async create(path, bytes) {
      const answer = await put(path, 'record', Buffer.from(bytes))
      return (await read(answer, created)).created
    },
    async put(path, content) {
      if (!('file' in content)) return void (await put(path, 'object', Buffer.from(content)))
      const { file } = content
      await put(path, 'object', () => Readable.toWeb(createReadStream(file)) as ReadableStream)
    },
    async fetch(path) {
      if (path.includes('/code/')) return fetchCode(path)
      const digest = path.slice(path.lastIndexOf('/') + 1)
      const kept = join(cache, 'objects', digest.slice(0, 2), digest)
      if (await stat(kept).catch(() => undefined)) return kept
      const answer = await askControl(control, address('object', path), { deadline: null }).catch(unlessMissing)
      if (!answer) return undefined
      const length = answer.headers.get('content-length')
      onFetch?.({ digest, size: length === null ? undefined : Number(length) })
      const folder = await store.scratch()
      try {
        const file = join(folder, digest)
        const hash = createHash('sha256')
        const body = Readable.fromWeb(answer.body as import('node:stream/web').ReadableStream)
        body.on('data', (bytes: Buffer) => hash.update(bytes))
        await pipe(body, createWriteStream(file))
        if (hash.digest('hex') !== digest)
          throw new CairnError('CORRUPT', `the downloaded bytes of ${path} do not match its digest`, {
            next: 'on the machine with the store: cairn doctor --repair',
          })
        await mkdir(join(kept, '..'), { recursive: true })
        await rename(file, kept)
        return kept
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    async stat(path) {
      const answer = await askControl(control, address('stat', path)).catch(unlessMissing)
      return answer && (await read(answer, stored))
    },
    async *list(folder) {
      for (const name of await store.children(folder)) {
        const path = `${folder}${name}`
        const found = await store.stat(path)
        if (found) yield { path, ...found }
        else yield* store.list(`${path}/`)
      }
    },
    async children(folder, after = '') {
      const found =
        folder === `${env}/`
          ? await knownPipelines()
          : (await read(await askControl(control, address('children', folder)), names)).names
      return found.filter((name) => name > after)
    },
    async scratch() {
      await mkdir(cache, { recursive: true })
      return mkdtemp(join(cache, 'work-'))
    },
    replace: refuse('replace'),
    remove: refuse('remove'),
    move: refuse('move'),
  }
  return store
}
