import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { serverOf } from '../faulty-proxy.fixture.ts'
import { assumeRole, minioStore, type MinioStore } from '../minio.ts'

const s3 = inject('servers')?.s3
const BUCKET = 'cairn-test'
const bytes = Buffer.from('bytes')

describe.skipIf(!s3)('a session of MinIO', () => {
  const env = randomUUID()
  let cache: string
  let everyone: MinioStore
  let stage: MinioStore
  beforeAll(async () => {
    cache = mkdtempSync(join(tmpdir(), 'cairn-session-'))
    everyone = minioStore({ ...s3!, bucket: BUCKET, cache })
    await everyone.ensureBucket()
    const session = await assumeRole({ ...s3!, policy: policyOfStage(`${env}/flights`, 'train'), seconds: 900 })
    stage = minioStore({ ...s3!, ...session, bucket: BUCKET, cache })
  })
  afterAll(async () => {
    await everyone.close()
    await stage.close()
    rmSync(cache, { recursive: true, force: true })
  })

  it('may read and list the paths in its policy, even those that do not exist', async () => {
    await everyone.create(`${env}/flights/runs/1/plan`, bytes)
    expect((await stage.read(`${env}/flights/runs/1/plan`))?.toString()).toBe('bytes')
    expect(await stage.children(`${env}/flights/runs/`)).toEqual(['1'])
    for (const look of ['read', 'stat', 'fetch'] as const)
      expect(await stage[look](`${env}/flights/missing`)).toBeUndefined()
  })

  it('may write the paths in its policy: records, small objects, and large objects in parts', async () => {
    expect(await stage.create(`${env}/flights/checkpoints/train/1`, bytes)).toBe(true)
    expect(await stage.replace(`${env}/flights/checkpoints/train/1`, bytes, Buffer.from('two'))).toBe(true)
    await stage.put(`${env}/flights/objects/small`, bytes)
    await stage.put(`${env}/flights/objects/large`, randomBytes(20_000_000))
    expect(await stage.stat(`${env}/flights/objects/large`)).toMatchObject({ size: 20_000_000 })
  })

  it('may do nothing else', async () => {
    await everyone.create(`${env}/penguins/runs/1/plan`, bytes)
    for (const beyond of [
      () => stage.read(`${env}/penguins/runs/1/plan`),
      () => stage.stat(`${env}/penguins/runs/1/plan`),
      () => stage.fetch(`${env}/penguins/runs/1/plan`),
      () => stage.children(`${env}/penguins/`),
      () => stage.children(''),
      () => stage.create(`${env}/flights/checkpoints/prepare/1`, bytes),
      () => stage.create(`${env}/flights/runs/1/end`, bytes),
      () => stage.put(`${env}/flights/code/1`, bytes),
      () => stage.put(`${env}/penguins/objects/1`, bytes),
      () => stage.remove(`${env}/flights/checkpoints/train/1`),
      () => stage.move(`${env}/flights/objects/small`, `${env}/flights/objects/moved`),
    ])
      await expect(beyond(), String(beyond)).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('AccessDenied') as string,
        next: expect.stringContaining('permissions') as string,
      })
  })

  it('cannot open another session', async () => {
    const policy = policyOfStage('', '')
    const session = await assumeRole({ ...s3!, policy, seconds: 900 })
    await expect(assumeRole({ ...s3!, ...session, policy, seconds: 900 })).rejects.toThrow(/refused a session/)
  })

  it('is not opened for wrong credentials or an invalid policy', async () => {
    const policy = policyOfStage('', '')
    const wrong = assumeRole({ ...s3!, secretKey: 'wrong-secret', policy, seconds: 900 })
    await expect(wrong).rejects.toMatchObject({
      code: 'STORE_FAILED',
      next: expect.stringContaining('secret') as string,
    })
    await expect(wrong).rejects.not.toThrow('wrong-secret')
    await expect(assumeRole({ ...s3!, policy: { Version: 'none' }, seconds: 900 })).rejects.toThrow(/refused a session/)
  })

  it('fails after the deadline if the server does not answer', async () => {
    const silent = await serverOf(() => {})
    const session = assumeRole({ ...s3!, endpoint: silent.endpoint, policy: {}, seconds: 900, deadlineMs: 100 })
    await expect(session).rejects.toThrow(/no response for 0\.1 s/)
    await silent.close()
  })
})

/** A policy that allows to read a pipeline, and to write its objects and the checkpoints of one step. */
function policyOfStage(pipeline: string, step: string): object {
  const [bucket, root] = [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/${pipeline}`]
  const allow = (actions: readonly string[], resources: readonly string[]) => ({
    Effect: 'Allow',
    Action: actions.map((action) => `s3:${action}`),
    Resource: resources,
  })
  return {
    Version: '2012-10-17',
    Statement: [
      allow(['GetObject'], [`${root}/*`]),
      { ...allow(['ListBucket'], [bucket]), Condition: { StringLike: { 's3:prefix': [`${pipeline}/*`] } } },
      allow(['PutObject', 'AbortMultipartUpload'], [`${root}/objects/*`, `${root}/checkpoints/${step}/*`]),
    ],
  }
}
