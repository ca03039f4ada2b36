import * as http from 'node:http'
import * as https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError } from '@cairn/kernel'
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs'

export interface SessionOptions {
  readonly endpoint: string
  /** Of a user, or of the root user; not of a session. */
  readonly accessKey: string
  readonly secretKey: string
  /** An IAM policy of up to 2048 characters. The session may do what both it and the user's own policies allow. */
  readonly policy: object
  /** How long the session lives: 900 (less is taken for that) to 604800, a week. */
  readonly seconds: number
  readonly region?: string
  /** For the server's answer. Milliseconds; default 10 s. */
  readonly deadlineMs?: number
}

/** Options for `minioStore`. */
export interface Session {
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken: string
}

/** Credentials that expire and may do only what a policy says, made by the server itself: AssumeRole of its STS. */
export async function assumeRole(options: SessionOptions): Promise<Session> {
  const { endpoint, accessKey, secretKey, policy, seconds, region = 'us-east-1', deadlineMs = 10_000 } = options
  const agent = new (endpoint.startsWith('https:') ? https : http).Agent()
  const provider = new AssumeRoleProvider({
    stsEndpoint: endpoint,
    accessKey,
    secretKey,
    policy: JSON.stringify(policy),
    durationSeconds: seconds,
    region,
    transportAgent: agent,
  })
  try {
    const credentials = await Promise.race([provider.getCredentials(), tooLate(deadlineMs)])
    return {
      accessKey: credentials.getAccessKey(),
      secretKey: credentials.getSecretKey(),
      sessionToken: credentials.getSessionToken()!,
    }
  } catch (cause) {
    throw new CairnError(
      'STORE_FAILED',
      `${endpoint} refused a session for ${accessKey}: ${(cause as Error).message}`,
      {
        cause,
        next: 'check the access key, the secret key and the policy (keys of a session cannot open another session)',
      },
    )
  } finally {
    agent.destroy() // ends the request, which has no deadline of its own
  }
}

async function tooLate(ms: number): Promise<never> {
  await sleep(ms, undefined, { ref: false })
  throw new Error(`no response for ${ms / 1000} s`)
}
