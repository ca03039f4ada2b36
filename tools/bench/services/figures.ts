export interface Size {
  /** Runs, one after the other. */
  readonly chains: number
  /** Runs at once, to find out how many hops a second there can be. */
  readonly capacity: number
  /** Of load at half of that. */
  readonly seconds: number
  readonly tasks: number
  readonly items: number
  readonly mebibytes: number
  readonly repeat: number
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}
