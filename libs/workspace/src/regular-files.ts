import { statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { CairnError } from '@cairn/kernel'
import { whyNoFile } from '@cairn/files'

let isInstalled = false

/**
 * Makes imports of project modules fail unless they are regular files, because reading a pipe or a device may never
 * end. The import throws CairnError BAD_DEFINITION.
 */
export function refuseIrregularImports(): void {
  if (isInstalled) return
  isInstalled = true
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      if (found.url.startsWith('file:') && !found.url.includes('/node_modules/')) check(new URL(found.url))
      return found
    },
  })
}

function check(url: URL): void {
  url.search = ''
  url.hash = ''
  const found = statSync(url, { throwIfNoEntry: false })
  const reason = found && whyNoFile(found)
  if (reason !== undefined)
    throw new CairnError('BAD_DEFINITION', `${fileURLToPath(url)} cannot be imported: ${reason}`, {
      next: `check the path, or import another module`,
    })
}
