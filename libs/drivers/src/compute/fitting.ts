import { CairnError } from '@cairn/kernel'
import { errorRecord, type Code, type Compute, type Manifest, type PackageStates } from '@cairn/records'
import { packagesUnknown, readManifest } from './load-code.ts'

export interface FittingOptions {
  /** What code would find here at this moment: its packages, or why it would be other code than its fingerprint counts. */
  readonly look: (manifest: Manifest) => PackageStates | CairnError
  /** Where other hosts may have what this one lacks: told, and thrown, so that the work is left to them. */
  readonly leave?: (step: string, misfit: CairnError) => void
}

/**
 * Computes with the very packages that the key of the work counts, or not at all. What a process loads is compared with
 * what was looked at before, by the process, and looked at once more afterwards: so nothing that is installed or edited
 * meanwhile is taken for what the key counts.
 */
export function fitting(compute: Compute, { look, leave }: FittingOptions): Compute {
  const looks = new Looks(look)
  return {
    async *run(work, signal) {
      const refusal = (misfit: CairnError) => {
        if (!leave || misfit.code !== 'MISFIT') return errorRecord(misfit)
        leave(work.step, misfit)
        throw misfit
      }
      const codes = work.fallback ? [work.code, work.fallback] : [work.code]
      const packages = looks.at(codes)
      if (packages instanceof CairnError) {
        const error = refusal(packages)
        for (const { index } of work.items) yield { index, ms: 0, error }
        return
      }
      let isChanged = false
      const onLoaded = () => void (isChanged ||= !isSame(packages, looks.anew(codes)))
      for await (const result of compute.run({ ...work, packages, onLoaded }, signal)) {
        isChanged ||= 'error' in result && result.error.code === 'MISFIT'
        if (isChanged) yield { index: result.index, ms: result.ms, error: refusal(changedMeanwhile()) }
        else yield result
      }
    },
  }
}

/** Looking again may take this share of the time: what a process has loaded does not change by itself. */
const SHARE = 0.05

/** Looks at what code would find here. */
class Looks {
  readonly #look: FittingOptions['look']
  readonly #manifests = new Map<string, Manifest>()
  readonly #known = new Map<string, { readonly packages: PackageStates; readonly until: number }>()

  constructor(look: FittingOptions['look']) {
    this.#look = look
  }

  at(codes: readonly Code[]): PackageStates | CairnError {
    return merged(
      codes.map((code) => {
        const known = 'inline' in code ? undefined : this.#known.get(code.name)
        return known && performance.now() < known.until ? known.packages : this.#lookAt(code)
      }),
    )
  }

  anew(codes: readonly Code[]): PackageStates | CairnError {
    return merged(codes.map((code) => this.#lookAt(code)))
  }

  #lookAt(code: Code): PackageStates | CairnError {
    if ('inline' in code) return {}
    const { name, packages: pinned = '' } = code
    const known = `${name} ${pinned}`
    const manifest = this.#manifests.get(known) ?? readManifest(code)
    if (!manifest) return packagesUnknown(code)
    this.#manifests.set(known, manifest)
    const begun = performance.now()
    const packages = this.#look(manifest)
    const now = performance.now()
    if (packages instanceof CairnError) this.#known.delete(name)
    else this.#known.set(name, { packages, until: now + (now - begun) / SHARE })
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

export function changedMeanwhile(): CairnError {
  return new CairnError('MISFIT', 'installed packages changed while the code was loading them', {
    next: 'run again when the installation has finished',
  })
}
