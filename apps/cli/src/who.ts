import { hostname, userInfo } from 'node:os'
import { CairnError } from '@cairn/kernel'

/** Who is named as the one who did something. */
export function whoIsHere(): string {
  return `${userInfo().username}@${hostname()}`
}

/** Services believe the token alone. */
export function byToken(on: string): CairnError {
  return new CairnError('BAD_PARAMETER', `--by cannot be used with --on ${on}: the token identifies you`)
}
