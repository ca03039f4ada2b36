import * as http from 'node:http'
import * as https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError } from '@cairn/kernel'
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs'

export interface SessionOptions {
  readonly endpoint: string
  /** Key of a user or the root user, not of a session. */
  readonly accessKey: string
  readonly secretKey: string
  /** IAM policy, up to 2,048 characters. The session may do what both this policy and those of the user allow. */
  readonly policy: object
  /** Lifetime in seconds: 900 (also for less) to 604,800, which is a week. */
  readonly seconds: number
  readonly region?: string
  /** Timeout in milliseconds. Default: 10,000. */
  readonly deadlineMs?: number
}

/** Temporary credentials, as options for `minioStore`. */
export interface RoleSession {
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken: string
}

/**
 * Requests credentials that expire and are limited by a policy, with AssumeRole of the server's STS.
 *
 * @throws CairnError STORE_FAILED
 */
export async function assumeRole(options: SessionOptions): Promise<RoleSession> {
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
    agent.destroy() // aborts the request, which has no timeout
  }
}

async function tooLate(ms: number): Promise<never> {
  await sleep(ms, undefined, { ref: false })
  throw new Error(`no response for ${ms / 1000} s`)
}
