import { hostname, userInfo } from 'node:os'
import { CairnError } from '@cairn/kernel'

/** The recorded name of the person who promotes or rolls back. */
export function currentUser(): string {
  return `${userInfo().username}@${hostname()}`
}

/** Services only trust the token. */
export function byNotAllowed(on: string): CairnError {
  return new CairnError('BAD_PARAMETER', `--by cannot be used with --on ${on}: the token identifies you`)
}
