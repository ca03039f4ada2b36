import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CairnError, checkOptions, takes, type Connector, type ConnectorContext, type LocalFile } from '@cairn/kernel'
import { checkText } from './check-text.ts'
import { Resource, validatorOf } from './http.ts'

/** Options of {@link fromS3}. */
export interface S3Options {
  /** The address of a server other than AWS: `https://minio.example.org`. @default AWS, in `region` */
  readonly endpoint?: string
  /** @default 'us-east-1' */
  readonly region?: string
  /** The names of the secrets with the keys. The source must declare both. @default no keys, for a public object */
  readonly keys?: readonly [accessKey: string, secretKey: string]
}

const EXAMPLE = `fromS3('s3://bucket/data/flights.parquet', { keys: ['S3_ACCESS_KEY', 'S3_SECRET_KEY'] })`

/**
 * Connects a source to an object in S3, or on a server with the same interface, such as MinIO. Its version is the ETag.
 *
 * @param address `s3://<bucket>/<key>`
 * @throws CairnError BAD_DEFINITION for another address or wrong options
 * @throws CairnError SOURCE_UNREACHABLE when the server cannot be reached, refuses, or breaks off the transfer
 * @example
 * source('load-flights', {
 *   secrets: ['S3_ACCESS_KEY', 'S3_SECRET_KEY'],
 *   reads: { file: fromS3('s3://bucket/data/flights.parquet', { keys: ['S3_ACCESS_KEY', 'S3_SECRET_KEY'] }) },
 *   outputs: { flights: file('parquet') },
 *   run: ({ file }) => ({ flights: file }),
 * })
 */
export function fromS3(address: string, options: S3Options = {}): Connector<LocalFile> {
  checkText(address, 'fromS3', EXAMPLE)
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? []
  if (bucket === undefined || key === undefined)
    throw new CairnError('BAD_DEFINITION', `fromS3 takes s3://<bucket>/<key>, not ${address}`, { next: EXAMPLE })
  const isKeys = (value: unknown) => Array.isArray(value) && value.length === 2 && value.every((name) => isText(name))
  const keys = takes.what(`the names of two secrets, for example ['S3_ACCESS_KEY', 'S3_SECRET_KEY']`, isKeys)
  const isUrl = (value: unknown) => isText(value) && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
  const endpoint = takes.what('a URL that begins with http:// or https://', isUrl)
  checkOptions(options, { endpoint, region: takes.text, keys }, 'fromS3')
  const url = urlOf(bucket, key, options)
  const resource = async (context: ConnectorContext) => {
    const client = await clientFor(context, options)
    const send = client ? client.fetch.bind(client) : fetch
    return new Resource(address, (method, signal) => send(url, { method, signal }))
  }
  return {
    name: address,
    async version(context) {
      const headers = await (await resource(context)).headers(context.signal)
      const version = validatorOf(headers)
      if (version !== undefined || context.hasCachePolicy) return version
      throw new CairnError('SOURCE_UNREACHABLE', `the server sends no ETag for ${address}`, {
        next: 'give the source a cache policy, for example cache: { maxAge: "1h" }',
      })
    },
    async open(context) {
      const path = join(context.scratch, basename(key))
      const object = await resource(context)
      await object.download((await open(path, 'w')).createWriteStream(), context.signal)
      return { path }
    },
  }
}

async function clientFor({ secrets }: ConnectorContext, { region = 'us-east-1', keys }: S3Options) {
  if (!keys) return undefined
  const [accessKeyId, secretAccessKey] = keys.map((name) => {
    const value = secrets[name]
    if (value !== undefined) return value
    throw new CairnError('SOURCE_UNREACHABLE', `the source does not declare the secret ${name}`, {
      next: `add secrets: ['${keys.join("', '")}'] to the source`,
    })
  })
  const { AwsClient } = await import('aws4fetch')
  return new AwsClient({
    accessKeyId: accessKeyId!,
    secretAccessKey: secretAccessKey!,
    region,
    service: 's3',
    retries: 2,
  })
}

/** The bucket is part of the path: as part of the host, a name with dots would not match the certificate. */
function urlOf(bucket: string, key: string, { endpoint, region = 'us-east-1' }: S3Options): string {
  const path = [bucket, ...key.split('/')].map(encoded).join('/')
  return `${(endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, '')}/${path}`
}

function encoded(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
