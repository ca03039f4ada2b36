import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { fromS3, type S3Options } from './s3.ts'
import { contextIn } from './sql/context.fixture.ts'

const s3 = inject('servers')?.s3

describe.skipIf(!s3)('an object in S3', () => {
  const bucket = `cairn-s3-${randomUUID()}`
  const key = `2026/sales (new) +100%/ä'b.csv`
  const { endpoint, accessKey, secretKey } = s3 ?? { endpoint: 'http://127.0.0.1:1', accessKey: '', secretKey: '' }
  const { hostname, port, protocol } = new URL(endpoint)
  const scratch = mkdtempSync(join(tmpdir(), 'cairn-s3-'))
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey,
    secretKey,
  })
  const options: S3Options = { endpoint, keys: ['KEY', 'SECRET'] }
  const { context } = contextIn(scratch, { secrets: { KEY: accessKey, SECRET: secretKey } })
  const connector = fromS3(`s3://${bucket}/${key}`, options)
  const read = async () => readFileSync((await connector.open(context)).path, 'utf8')

  beforeAll(async () => {
    await client.makeBucket(bucket)
    await client.putObject(bucket, key, 'one')
  })
  afterAll(async () => {
    await client.removeObject(bucket, key)
    await client.removeBucket(bucket)
    rmSync(scratch, { recursive: true })
  })

  it('is read with signed requests, whatever characters its name has, and again when it changes', async () => {
    const first = await connector.version!(context)
    expect([await read(), await connector.version!(context)]).toEqual(['one', first])
    await client.putObject(bucket, key, 'two')
    expect([await read(), (await connector.version!(context)) === first]).toEqual(['two', false])
  })

  it('is refused with a wrong key, or if it does not exist, without showing a key', async () => {
    const wrong = contextIn(scratch, { secrets: { KEY: accessKey, SECRET: 's3cret-wrong' } }).context
    const message = `s3://${bucket}/${key} returned 403 Forbidden`
    const failed = await Promise.resolve(connector.version!(wrong)).catch((error: unknown) => error as Error)
    expect(failed).toMatchObject({ code: 'SOURCE_UNREACHABLE', message })
    expect(JSON.stringify(failed)).not.toContain('s3cret')
    await expect(fromS3(`s3://${bucket}/none`, options).version!(context)).rejects.toThrow(
      '/none returned 404 Not Found',
    )
  })
})

it('fromS3 refuses wrong arguments by name', async () => {
  expect(() => fromS3('bucket/key')).toThrow('fromS3 takes s3://<bucket>/<key>, not bucket/key')
  expect(() => fromS3('s3://bucket')).toThrow('fromS3 takes s3://<bucket>/<key>')
  expect(() => fromS3('s3://b/k', { endpoint: 'minio:9000' })).toThrow('option "endpoint" of fromS3 is invalid')
  expect(() => fromS3('s3://b/k', { keys: ['KEY'] as never })).toThrow('option "keys" of fromS3 is invalid')
  const undeclared = fromS3('s3://b/k', { keys: ['KEY', 'SECRET'] }).version!(contextIn('/').context)
  await expect(undeclared).rejects.toMatchObject({ next: "add secrets: ['KEY', 'SECRET'] to the source" })
})
