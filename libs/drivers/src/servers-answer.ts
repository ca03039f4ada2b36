import { connect } from 'node:net'

/** Returns whether the broker serves requests. Its port opens earlier, so this asks for metadata. */
export function kafkaAnswers(broker: string): Promise<boolean> {
  const [host, port] = broker.split(':') as [string, string]
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 2_000 }, () => socket.write(METADATA_REQUEST))
    const answer = (serves: boolean) => {
      resolve(serves)
      socket.destroy()
    }
    let got = Buffer.alloc(0)
    socket.on('data', (data) => {
      got = Buffer.concat([got, data])
      // size, correlation id, throttle time, number of brokers: https://kafka.apache.org/protocol#The_Messages_Metadata
      if (got.length >= 16) answer(got.readInt32BE(12) > 0)
    })
    for (const event of ['error', 'timeout', 'close']) socket.on(event, () => answer(false))
  })
}

/** Asks for the brokers, but not for topics. Encoded by hand, because a client would log, retry and warn. */
const METADATA_REQUEST = Buffer.from([
  ...[0, 0, 0, 15], // bytes that follow
  ...[0, 3, 0, 5], // Metadata, version 5
  ...[0, 0, 0, 1, 255, 255], // correlation id; no client id
  ...[0, 0, 0, 0, 0], // no topics; do not create any
])

/**
 * Returns whether MinIO serves requests. It returns 200 from the start, but with a header until its storage is ready.
 */
export async function minioAnswers(endpoint: string): Promise<boolean> {
  try {
    const { ok, headers } = await fetch(`${endpoint}/minio/health/live`, { signal: AbortSignal.timeout(2_000) })
    return ok && headers.get('x-minio-server-status') === null
  } catch {
    return false
  }
}
