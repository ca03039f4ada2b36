import { afterAll } from 'vitest'
import { TemporaryProject, type Files } from '../project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

/** What stands at the top of a module, a step's body, and its outputs. */
export type Row = [top: string, body: string, outputs?: string]

export const main = (body: string, top: string | undefined = '', outputs: string | undefined = '{}') =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: ${outputs}, run: ${body} })\n`

/** What a step is said to change: `n: n++`. */
export async function changes(files: Files | string): Promise<string[]> {
  const { manifest } = await new TemporaryProject(files).closure()
  return manifest.reaches.filter(({ what }) => what === 'state').map(({ detail }) => detail)
}
