import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CAUGHT, looksAtCaught, SECRET } from './caught.fixture.ts'
import { CliProject } from './project.fixture.ts'

it('records and shows why a step or an item used its catch, with each failed attempt and without secrets', async () => {
  const project = new CliProject({ ...CAUGHT, '.cairn/secrets.json': JSON.stringify({ TOKEN: SECRET }) })
  await looksAtCaught(project)
  const records = project
    .stored('local/caught/runs')
    .map((file) => readFileSync(project.path('.cairn/local/caught/runs', file), 'utf8'))
  expect(records.join('\n')).toContain('for ***')
  expect(records.join('\n')).not.toContain(encodeURIComponent(SECRET))
})
