import { registerHooks } from 'node:module'

/**
 * Redirects imports of Cairn's packages to the modules of the build, which this process has already loaded. Used only
 * in a build, where these imports would load the sources instead or, in an image, find nothing.
 */
const redirects = new Map<string, string>()
for (const [built, ...specifiers] of [
  ['kernel', 'cairn', '@cairn/kernel'],
  ['kinds', 'cairn/kinds', '@cairn/kinds'],
  ['connectors', 'cairn/connectors', '@cairn/connectors'],
])
  for (const specifier of specifiers) {
    const target = new URL(`./${built}.js`, import.meta.url).href
    redirects.set(specifier, target)
    try {
      redirects.set(import.meta.resolve(specifier), target)
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
