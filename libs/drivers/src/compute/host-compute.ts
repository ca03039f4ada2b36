import type { Compute } from '@cairn/records'
import { withDurations, type Durations } from './durations.ts'
import { withHostChecks, type HostCheckOptions } from './host-health.ts'
import { inProcess, type InProcessOptions } from './in-process.ts'
import { withPackageChecks, type PackageCheckOptions } from './package-checks.ts'
import { shortBodiesInProcess } from './short-bodies-in-process.ts'

export interface HostComputeOptions {
  /** Runs bodies in processes of its own. */
  readonly pool: Compute
  /** Runs short bodies in this process. Absent if all bodies run in the pool. */
  readonly inProcess?: InProcessOptions
  readonly durations: Durations
  readonly packages: PackageCheckOptions
  readonly host: HostCheckOptions
}

/** Returns the compute driver of a host. Work passes through its layers from top to bottom, and results come back. */
export function hostCompute({ pool, inProcess: here, durations, packages, host }: HostComputeOptions): Compute {
  const layers: readonly ((next: Compute) => Compute)[] = [
    (next) => withHostChecks(next, host),
    (next) => withPackageChecks(next, packages),
    (next) => withDurations(next, durations),
    (next) => (here ? shortBodiesInProcess(inProcess(here), next, durations) : next),
  ]
  return layers.reduceRight((next, layer) => layer(next), pool)
}
