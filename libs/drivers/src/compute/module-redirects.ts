import { registerHooks } from 'node:module'

/**
 * Only as it was built: Cairn's packages lead to what was built of them, which this process has loaded already; where
 * they lead to the sources that this was built from, and where, as in an image, there are no such packages.
 */
const redirects = new Map<string, string>()
for (const name of ['kernel', 'kinds', 'connectors']) {
  const target = new URL(`./${name}.js`, import.meta.url).href
  redirects.set(`@cairn/${name}`, target)
  try {
    redirects.set(import.meta.resolve(`@cairn/${name}`), target)
  } catch {
    // not installed
  }
}

registerHooks({
  resolve(specifier, context, next) {
    const found = resolved(() => next(specifier, context))
    const target = redirects.get(found?.url ?? specifier)
    return target === undefined
      ? (found ?? next(specifier, context))
      : { ...found, url: target, format: 'module', shortCircuit: true }
  },
})

function resolved<Found>(resolve: () => Found): Found | undefined {
  try {
    return resolve()
  } catch {
    return undefined
  }
}
