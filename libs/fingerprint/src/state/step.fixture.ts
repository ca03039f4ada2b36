import { afterAll } from 'vitest'
import { TemporaryProject, type Files } from '../project.fixture.ts'

/** One for all, each step in a folder of its own: making and removing a project takes longer than looking at a step. */
export const project = new TemporaryProject()
let folders = 0
afterAll(() => TemporaryProject.removeAll())

/** What stands at the top of a module, a step's body, and its outputs. */
export type Row = [top: string, body: string, outputs?: string]

export const main = (body: string, top: string | undefined = '', outputs: string | undefined = '{}') =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: ${outputs}, run: ${body} })\n`

/** Writes a step; gives where it stands. */
export function written(files: Files | string): string {
  const folder = `step-${folders++}`
  const all = typeof files === 'string' ? { 'steps.ts': files } : files
  project.write(Object.fromEntries(Object.entries(all).map(([file, text]) => [`${folder}/${file}`, text])))
  return `${folder}/steps.ts`
}

/** What a step is said to change: `n: n++`. */
export async function changes(files: Files | string): Promise<string[]> {
  const { manifest } = await project.closure('main', { entry: written(files) })
  return manifest.reaches.filter(({ what }) => what === 'state').map(({ detail }) => detail)
}
