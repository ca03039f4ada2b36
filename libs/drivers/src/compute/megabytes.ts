/** Formats a number of bytes for a message, for example `400 MB`. One MB is 10^6 bytes. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
