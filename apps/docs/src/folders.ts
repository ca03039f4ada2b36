import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this application, with the settings of VitePress. */
export const SITE = dirname(dirname(fileURLToPath(import.meta.url)))
/** The folder of the repository. */
export const ROOT = join(SITE, '../..')
/** The pages. They also read well without the site. */
export const PAGES = join(ROOT, 'docs')
/** Pages that the build writes; git ignores them. */
export const GENERATED = join(PAGES, 'reference')
