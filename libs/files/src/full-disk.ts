/** Errors about a full disk, by system error code: how a message reports them, because databases set no code. */
const FULL_DISK = {
  ENOSPC: /\bENOSPC\b|\bNo space left on device\b/i,
  EDQUOT: /\bEDQUOT\b|\bDisk quota exceeded\b/i,
} as const
export type FullDiskCode = keyof typeof FULL_DISK

/** Returns the system error code of an error about a full disk; undefined for any other error. */
export function fullDiskCode({
  code = '',
  message = '',
}: {
  readonly code?: unknown
  readonly message?: string
}): FullDiskCode | undefined {
  const codes = Object.keys(FULL_DISK) as FullDiskCode[]
  return codes.find((each) => each === code) ?? codes.find((each) => FULL_DISK[each].test(message))
}
