import { afterAll } from 'vitest'
import { TemporaryProject, type Files } from '../project.fixture.ts'

/** One project for all tests, with a folder for each step. Creating a project takes longer than analysing a step. */
export const project = new TemporaryProject()
let folders = 0
afterAll(() => TemporaryProject.removeAll())

/** Top-level code of a module, the body of its step, and the step's outputs. */
export type Row = [top: string, body: string, outputs?: string]

export const main = (body: string, top: string | undefined = '', outputs: string | undefined = '{}') =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: ${outputs}, run: ${body} })\n`

/** Writes a step; returns the path of its module. */
export function written(files: Files | string): string {
  const folder = `step-${folders++}`
  const all = typeof files === 'string' ? { 'steps.ts': files } : files
  project.write(Object.fromEntries(Object.entries(all).map(([file, text]) => [`${folder}/${file}`, text])))
  return `${folder}/steps.ts`
}

/** The changes that the analysis reports for a step, such as `n: n++`. */
export async function changes(files: Files | string): Promise<string[]> {
  const { manifest } = await project.closure('main', { entry: written(files) })
  return manifest.reaches.filter(({ what }) => what === 'state').map(({ detail }) => detail)
}
