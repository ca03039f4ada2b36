/** A number of bytes, for people. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
