import { CairnError } from '@cairn/kernel'
import { errorRecord, type Code, type Compute, type Manifest, type PackageStates } from '@cairn/records'
import { packagesUnknown, readManifest } from './load-code.ts'

export interface PackageCheckOptions {
  /** Returns the packages that the code would load now; an error if they are not those that its fingerprint covers. */
  readonly examine: (manifest: Manifest) => PackageStates | CairnError
  /**
   * Called before the error is thrown, so that another host takes the work. If absent, the error becomes the result of
   * each item.
   */
  readonly onMisfit?: (step: string, misfit: CairnError) => void
}

/**
 * Wraps a compute driver so that code only runs with the installed packages that its key covers. The packages are
 * examined before the work, compared with what the process has loaded, and examined again after loading. So packages
 * that are installed or edited meanwhile never count as those of the key.
 *
 * @throws CairnError MISFIT if the packages differ and `onMisfit` is given; without it, the items get that error
 */
export function withPackageChecks(compute: Compute, { examine, onMisfit }: PackageCheckOptions): Compute {
  const states = new InstalledPackages(examine)
  return {
    async *run(work, signal) {
      const refusal = (misfit: CairnError) => {
        if (!onMisfit || misfit.code !== 'MISFIT') return errorRecord(misfit)
        onMisfit(work.step, misfit)
        throw misfit
      }
      const codes = work.fallback ? [work.code, work.fallback] : [work.code]
      const packages = states.recent(codes)
      if (packages instanceof CairnError) {
        const error = refusal(packages)
        for (const { index } of work.items) yield { index, ms: 0, error }
        return
      }
      let isChanged = false
      const onLoaded = () => void (isChanged ||= !isSame(packages, states.current(codes)))
      for await (const result of compute.run({ ...work, packages, onLoaded }, signal)) {
        isChanged ||= 'error' in result && result.error.code === 'MISFIT'
        if (isChanged) yield { index: result.index, ms: result.ms, error: refusal(packagesChangedError()) }
        else yield result
      }
    },
  }
}

/** Maximum share of the time spent on examining packages: a result is reused for 20 times as long as it took. */
const MAX_TIME_SHARE = 0.05

/** Examines installed packages, and remembers the results for a short time. */
class InstalledPackages {
  readonly #examine: PackageCheckOptions['examine']
  readonly #manifests = new Map<string, Manifest>()
  readonly #known = new Map<string, { readonly packages: PackageStates; readonly until: number }>()

  constructor(examine: PackageCheckOptions['examine']) {
    this.#examine = examine
  }

  /** Returns the packages of all given code, possibly from a remembered result. */
  recent(codes: readonly Code[]): PackageStates | CairnError {
    return merged(
      codes.map((code) => {
        const known = 'inline' in code ? undefined : this.#known.get(code.name)
        return known && performance.now() < known.until ? known.packages : this.#examineCode(code)
      }),
    )
  }

  /** Returns the packages of all given code as they are now. */
  current(codes: readonly Code[]): PackageStates | CairnError {
    return merged(codes.map((code) => this.#examineCode(code)))
  }

  #examineCode(code: Code): PackageStates | CairnError {
    if ('inline' in code) return {}
    const { name, packages: pinned } = code
    const known = `${name} ${pinned}`
    const manifest = this.#manifests.get(known) ?? readManifest(code)
    if (!manifest) return packagesUnknown(code)
    this.#manifests.set(known, manifest)
    const begun = performance.now()
    const packages = this.#examine(manifest)
    const now = performance.now()
    if (packages instanceof CairnError) this.#known.delete(name)
    else this.#known.set(name, { packages, until: now + (now - begun) / MAX_TIME_SHARE })
    return packages
  }
}

function merged(all: readonly (PackageStates | CairnError)[]): PackageStates | CairnError {
  return all.find((each) => each instanceof CairnError) ?? (Object.assign({}, ...all) as PackageStates)
}

function isSame(before: PackageStates, now: PackageStates | CairnError): boolean {
  if (now instanceof CairnError) return false
  const folders = Object.keys(before)
  const isAsBefore = (folder: string) => now[folder]?.stamp === before[folder]!.stamp
  return folders.length === Object.keys(now).length && folders.every(isAsBefore)
}

export function packagesChangedError(): CairnError {
  return new CairnError('MISFIT', 'installed packages changed while the code was loading them', {
    next: 'run again when the installation has finished',
  })
}
