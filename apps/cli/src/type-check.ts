import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'

/** Maximum size of the compiler's output. */
const OUTPUT_BYTES = 64 << 20

interface TypeCheck {
  /** The version of TypeScript. */
  readonly version: string
  /** What the compiler reports, one message each. */
  readonly errors: readonly string[]
}

/**
 * Checks the types of a project with the TypeScript that it has installed and with its `tsconfig.json`.
 *
 * @throws CairnError NOT_FOUND when the project has no TypeScript, or no `tsconfig.json`
 * @throws CairnError BAD_DEFINITION when the compiler fails in another way, for example on its own options
 */
export async function checkTypes(root: string): Promise<TypeCheck> {
  const { compiler, version } = installedTypeScript(root)
  if (!existsSync(join(root, 'tsconfig.json')))
    throw new CairnError('NOT_FOUND', `${root} has no tsconfig.json, so its types cannot be checked`, {
      next: 'npx tsc --init, or copy one from npm create cairn',
    })
  const args = [compiler, '-p', root, '--noEmit', '--pretty', 'false']
  return await new Promise((done, fail) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: OUTPUT_BYTES }, (error, stdout, stderr) => {
      const errors = messagesOf(stdout)
      if (error && errors.length === 0)
        return fail(
          new CairnError(
            'BAD_DEFINITION',
            `TypeScript ${version} failed: ${(stderr || stdout || error.message).trim()}`,
            {
              next: `npx tsc -p ${root}`,
            },
          ),
        )
      done({ version, errors })
    })
  })
}

function installedTypeScript(root: string): { compiler: string; version: string } {
  const { resolve } = createRequire(join(root, 'package.json'))
  try {
    const manifest = resolve('typescript/package.json')
    const { version } = createRequire(manifest)(manifest) as { version: string }
    return { compiler: join(manifest, '..', 'bin', 'tsc'), version }
  } catch (cause) {
    throw new CairnError('NOT_FOUND', 'TypeScript is not installed in this project, so its types cannot be checked', {
      cause,
      next: 'npm install --save-dev typescript @types/node',
    })
  }
}

/** The messages in the compiler's output. Lines that continue a message are indented. */
function messagesOf(output: string): string[] {
  const messages: string[] = []
  for (const line of output.split('\n'))
    if (/^\s/.test(line) && messages.length > 0) messages.push(`${messages.pop()!}\n${line}`)
    else if (line !== '') messages.push(line)
  return messages
}
