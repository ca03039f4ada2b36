import { registerHooks } from 'node:module'

/**
 * Only as it was built: a project's imports of Cairn's packages, when they lead to the sources that this was built from,
 * lead to what was built, which this process has loaded already.
 */
const twins = new Map(
  ['kernel', 'kinds'].map((name) => [
    import.meta.resolve(`@cairn/${name}`),
    new URL(`./${name}.js`, import.meta.url).href,
  ]),
)

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const twin = twins.get(found.url)
    return twin === undefined ? found : { ...found, url: twin, format: 'module' }
  },
})
