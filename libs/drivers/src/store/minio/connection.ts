import { AsyncLocalStorage } from 'node:async_hooks'
import * as http from 'node:http'
import * as https from 'node:https'
import { hostname as machine } from 'node:os'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError } from '@cairn/kernel'
import { Client, S3Error } from 'minio'

export interface MinioConnectionOptions {
  /** URL of the server: `http://127.0.0.1:9000` or `https://s3.example.com`. */
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  /** Token of temporary credentials from `assumeRole`. */
  readonly sessionToken?: string
  readonly bucket: string
  /** Prefix of all keys of the store in the bucket, such as `team-a/`. Default: none. */
  readonly prefix?: string
  /** Default: `us-east-1`. */
  readonly region?: string
  /** A request fails if no bytes were sent or received for this many milliseconds. Default: 10,000. */
  readonly silenceMs?: number
  /** Temporary failures are retried until this many milliseconds after the first attempt. Default: 30,000. */
  readonly deadlineMs?: number
  /** Maximum number of connections. Default: 32. */
  readonly sockets?: number
}

export interface MinioConnection {
  readonly bucket: string
  /** Bucket and endpoint, for messages. */
  readonly describe: string
  readonly client: Client
  /** A client that does not sign bodies. Over plain HTTP, `client` hashes every body whose SHA-256 is not given. */
  readonly unsigned: Client
  /** Returns the key of a path in the bucket. */
  readonly key: (path: string) => string
  /**
   * Runs an idempotent request, and retries it after temporary failures. The deadline applies to all attempts together.
   */
  readonly call: <R>(what: string, path: string, work: () => Promise<R>, deadline?: number) => Promise<R>
  /** Like `call`, for transfers of any duration: an attempt may continue after the deadline while bytes are moving. */
  readonly transfer: <R>(what: string, path: string, work: () => Promise<R>) => Promise<R>
  /** Makes one attempt of a request that is not idempotent. */
  readonly once: <R>(deadline: number, work: () => Promise<R>) => Promise<R>
  /** Returns a new deadline, as a time of `performance.now()`. */
  readonly deadline: () => number
  readonly error: (what: string, path: string, error: unknown) => CairnError
  readonly close: () => void
}

const FIRST_WAIT_MS = 50
const MAX_WAIT_MS = 2_000
/** MinIO closes a connection after 30 s without a request. A request sent at that moment would be lost. */
const KEEP_ALIVE_MS = 15_000

/** Creates the clients for a bucket. Connects to the server only on first use. */
export function connect(options: MinioConnectionOptions): MinioConnection {
  const { accessKey, secretKey, sessionToken, bucket, prefix = '', region = 'us-east-1', sockets = 32 } = options
  const { silenceMs = 10_000, deadlineMs = 30_000 } = options
  const { protocol, hostname, port, origin: endpoint } = new URL(options.endpoint)
  const useSSL = protocol === 'https:'
  const { Agent } = useSSL ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets: sockets, timeout: KEEP_ALIVE_MS })
  const makeClient = (enableSHA256: boolean) => {
    const client = new Client({
      endPoint: hostname,
      ...(port && { port: Number(port) }),
      useSSL,
      accessKey,
      secretKey,
      ...(sessionToken !== undefined && { sessionToken }),
      region, // otherwise the client requests the region of the bucket, and again after every error, such as 404
      transport: transport(useSSL ? https : http, silenceMs),
      transportAgent: agent,
      retryOptions: { disableRetry: true },
    })
    client.enableSHA256 = enableSHA256
    return client
  }

  const describe = `bucket ${bucket} at ${endpoint}`
  const failure = (what: string, path: string, error: unknown) =>
    storeError(path ? `${path} cannot ${what} in ${describe}` : `${describe} cannot ${what}`, options, error)
  const newDeadline = () => performance.now() + deadlineMs
  const once = <Result>(deadline: number, work: () => Promise<Result>) =>
    callSignal.run(AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now()))), work)
  const retryUntil = async <Result>(deadline: number, what: string, path: string, attempt: () => Promise<Result>) => {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, MAX_WAIT_MS)) {
      try {
        return await attempt()
      } catch (error) {
        if (!isTemporary(error) || performance.now() + wait > deadline) throw failure(what, path, error)
      }
      await sleep(wait * (0.5 + Math.random() / 2))
    }
  }

  return {
    bucket,
    describe,
    client: makeClient(true),
    unsigned: makeClient(false),
    key: (path) => prefix + path,
    call: (what, path, work, deadline = newDeadline()) => retryUntil(deadline, what, path, () => once(deadline, work)),
    transfer: (what, path, work) => retryUntil(newDeadline(), what, path, work),
    once,
    deadline: newDeadline,
    error: failure,
    close: () => agent.destroy(),
  }
}

/** The signal that aborts the requests of a call. The client has no option to pass one. */
const callSignal = new AsyncLocalStorage<AbortSignal>()

/** Wraps the transport of the client, to add timeouts and the error text of temporary failures. */
function transport({ request }: typeof http | typeof https, silenceMs: number): Pick<typeof http, 'request'> {
  const send = (options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const signal = callSignal.getStore()
    const sent = request({ ...options, timeout: silenceMs, ...(signal && { signal }) }, (response) => {
      // The client would drop such a response without reading it, and close the connection.
      if (!TEMPORARY_STATUS.has(response.statusCode!)) return onResponse(response)
      void text(response)
        .catch(() => '')
        .then((body) => sent.emit('error', new Unavailable(response.statusCode!, body)))
    })
    return sent.on('timeout', () => sent.destroy(new ResponseTimeout(silenceMs)))
  }
  return { request: send as typeof http.request }
}

const TEMPORARY_STATUS: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 520])
const TEMPORARY_CODES: ReadonlySet<string> = new Set([
  'ABORT_ERR',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'SILENCE',
  'UNAVAILABLE',
  'ConditionalRequestConflict', // 409 of S3: another conditional write is in progress
  'OperationAborted',
])

class ResponseTimeout extends Error {
  readonly code = 'SILENCE'
  constructor(ms: number) {
    super(`no response for ${ms / 1000} s`)
  }
}

class Unavailable extends Error {
  readonly code = 'UNAVAILABLE'
  constructor(status: number, body: string) {
    const [, code] = /<Code>(.*?)<\/Code>/.exec(body) ?? []
    const [, message] = /<Message>(.*?)<\/Message>/.exec(body) ?? []
    super(`it returned ${status}${code ? ` ${code}` : ''}${message ? `: ${message}` : ''}`)
  }
}

/** Reads a response to its end, which frees its connection. Returns its ETag. */
export async function drained(response: http.IncomingMessage): Promise<string> {
  for await (const _ of response);
  return response.headers.etag ?? ''
}

/** Returns whether a failure is temporary, so that a retry may succeed. */
export function isTemporary(error: unknown): boolean {
  return TEMPORARY_CODES.has(codeOf(error) ?? '')
}

export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code
}

/** Errors about the server, the bucket or the credentials, which other requests would get, too. */
const SERVER_ERRORS: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccountProblem',
  'AllAccessDisabled',
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InternalError',
  'InvalidAccessKeyId',
  'InvalidTokenId',
  'NoSuchBucket',
  'QuotaExceeded',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'SlowDown',
])
/** Errors of this machine when it writes local copies or connects. */
const MACHINE_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left',
  EDQUOT: 'the disk quota of this user is exhausted',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENOMEM: 'no memory left',
}
/** Errors of names that the file system of the local copies never accepts. */
const NAMES_REFUSED: ReadonlySet<string> = new Set(['ENAMETOOLONG', 'EINVAL', 'EISDIR', 'ENOTDIR', 'ELOOP', 'EILSEQ'])

/** Returns whether the request itself is wrong, so that a retry never succeeds. Unknown S3 errors count as such. */
function isRequestError(error: unknown): boolean {
  const code = codeOf(error) ?? ''
  if (isTemporary(error) || SERVER_ERRORS.has(code)) return false
  // MinIO's own codes are about its disks, quotas and start, except those about invalid names.
  if (code.startsWith('XMinio')) return code.startsWith('XMinioInvalid')
  return error instanceof S3Error || code === '' || code.startsWith('ERR_INVALID') || NAMES_REFUSED.has(code)
}

function storeError(
  what: string,
  { endpoint, bucket }: Pick<MinioConnectionOptions, 'endpoint' | 'bucket'>,
  error: unknown,
): CairnError {
  if (error instanceof CairnError) return error
  const code = codeOf(error) ?? ''
  const { message } = error as Error
  const reason = code === 'ABORT_ERR' ? 'no response in time' : message || code
  const next = adviceFor(code, endpoint, bucket)
  const fault = MACHINE_FAULTS[code]
  if (fault !== undefined)
    // The message does not name the object, so that equal errors are reported once.
    return new CairnError(
      'HOST_FAILED',
      `local copies of objects cannot be stored on ${machine()}: ${fault} (${code})`,
      {
        cause: error,
        next: 'free some space in CAIRN_SCRATCH of the service, or raise the limit of open files: ulimit -n 4096',
      },
    )
  const kind = isRequestError(error) ? 'STORE_REFUSED' : 'STORE_FAILED'
  return new CairnError(kind, `${what}: ${reason}${error instanceof S3Error ? ` (${code})` : ''}`, {
    cause: error,
    ...(next !== undefined && { next }),
  })
}

function adviceFor(code: string, endpoint: string, bucket: string): string | undefined {
  switch (code) {
    case 'NoSuchBucket':
      return `create it, mc mb <alias>/${bucket}, or correct the name of the bucket`
    case 'AccessDenied':
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return 'check the access key, the secret key and their permissions'
    case 'RequestTimeTooSkewed':
      return 'correct the clock of this machine or of the server'
    case 'XMinioStorageFull':
    case 'QuotaExceeded':
      return 'free some space, for example with cairn gc, then run again: finished steps are reused'
    default:
      return isTemporary({ code }) ? `check that the server is running: curl ${endpoint}/minio/health/live` : undefined
  }
}
