import { hostname, userInfo } from 'node:os'

/** Who is named as the one who did something. */
export function whoIsHere(): string {
  return `${userInfo().username}@${hostname()}`
}
