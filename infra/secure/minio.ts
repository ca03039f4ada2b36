import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { Client } from 'minio'
import type { S3Connection } from '@cairn/drivers/connection'
import { CairnError } from '@cairn/kernel'
import type { User } from './users.ts'

/** Creates the users and policies in MinIO; repeated each time, so that changed policies apply. */
export async function grantPolicies(
  { endpoint, accessKey, secretKey }: Omit<S3Connection, 'bucket'>,
  users: readonly Pick<User, 'name' | 'policy'>[],
  passwordOf: (user: string) => string,
): Promise<void> {
  const { protocol, hostname, port } = new URL(endpoint)
  const client = new Client({
    endPoint: hostname,
    ...(port && { port: Number(port) }),
    useSSL: protocol === 'https:',
    accessKey,
    secretKey,
    region: 'us-east-1',
  })
  // Signed like all other requests: https://github.com/minio/minio/blob/master/cmd/admin-router.go
  const put = async (what: string, query: Record<string, string>, body: Buffer | string = '') => {
    const request = { method: 'PUT', bucketName: 'minio', objectName: `admin/v3/${what}` }
    const asked = { ...request, query: new URLSearchParams(query).toString() }
    const answer = await client.makeRequestAsync(asked, body, ANSWERS)
    const told = await text(answer)
    if (answer.statusCode === 200) return
    throw new CairnError(
      'STORE_FAILED',
      `MinIO refused ${what} for the access key ${accessKey}: ${answer.statusCode} ${told}`,
      {
        next: 'use the access key of the MinIO administrator',
      },
    )
  }
  for (const { name, policy } of users) {
    await put('add-canned-policy', { name }, JSON.stringify(policy))
    const user = JSON.stringify({ secretKey: passwordOf(name), status: 'enabled' })
    await put('add-user', { accessKey: name }, sealed(secretKey, user))
    await put('set-user-or-group-policy', { policyName: name, userOrGroup: name, isGroup: 'false' })
  }
}

/** The client reads errors as XML, but MinIO sends these as JSON. */
const ANSWERS = [200, 400, 401, 403, 404, 409, 500, 501, 503]

const PBKDF2_AES_GCM = 2
const ROUNDS = 8192
/** The header of the last block; such short texts have only one. */
const LAST = 0x80

/**
 * Secrets are sent to MinIO encrypted with the secret of the sender, whatever the connection:
 * https://github.com/minio/madmin-go/blob/main/encrypt.go, https://github.com/secure-io/sio-go
 */
function sealed(secretKey: string, text: string): Buffer {
  const [salt, nonce] = [randomBytes(32), randomBytes(8)]
  const key = pbkdf2Sync(secretKey, salt, ROUNDS, 32, 'sha256')
  const encrypt = (piece: number, plain: string, about: Buffer) => {
    const number = Buffer.alloc(4)
    number.writeUInt32LE(piece)
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.concat([nonce, number])).setAAD(about)
    const bytes = [cipher.update(plain), cipher.final()]
    return Buffer.concat([...bytes, cipher.getAuthTag()])
  }
  const about = Buffer.concat([Buffer.from([LAST]), encrypt(0, '', Buffer.alloc(0))])
  return Buffer.concat([salt, Buffer.from([PBKDF2_AES_GCM]), nonce, encrypt(1, text, about)])
}
