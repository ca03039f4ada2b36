import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findProject } from './project.ts'
import { TemporaryProject } from './project.fixture.ts'
import { Workspace } from './workspace.ts'

describe('a workspace', () => {
  let project: TemporaryProject
  beforeEach(() => (project = new TemporaryProject()))
  afterEach(() => {
    vi.unstubAllEnvs()
    project.remove()
  })
  const open = () => new Workspace(findProject(project.root))

  it('takes secrets from the environment, or else from a file of the project', () => {
    project.write({ '.cairn/secrets.json': '{ "TOKEN": "from the file", "OTHER": "from the file, too" }' })
    vi.stubEnv('CAIRN_SECRET_TOKEN', 'from the environment')
    const { secret } = open()
    expect(['TOKEN', 'OTHER', 'NONE'].map(secret)).toEqual(['from the environment', 'from the file, too', undefined])
  })

  it.each(['{', '["TOKEN"]', '{ "TOKEN": 7 }', 'a-b-c'])(
    'refuses a broken file of secrets without printing one: %s',
    (text) => {
      project.write({ '.cairn/secrets.json': text })
      expect(() => open().secret('TOKEN')).toThrow(
        expect.objectContaining({
          code: 'BAD_DEFINITION',
          message: `${project.path('.cairn/secrets.json')} must be a JSON object of strings`,
        }),
      )
    },
  )

  it('refuses a pipe as the file of secrets, and never waits for it', () => {
    mkdirSync(project.path('.cairn'))
    execFileSync('bash', ['-c', `mkfifo '${project.path('.cairn/secrets.json')}'`])
    expect(() => open().secret('TOKEN')).toThrow(`${project.path('.cairn/secrets.json')} cannot be read: it is a pipe`)
  })

  it('caches what was computed for a stamp, also for the next process', async () => {
    const first = open()
    expect(await first.remember('stamp', async () => 'value')).toBe('value')
    first.close()
    expect(await open().remember('stamp', () => Promise.reject(new Error('computed again')))).toBe('value')
  })

  it('leaves no work in progress once it is closed', () => {
    const workspace = open()
    const scratch = workspace.scratch()
    expect(existsSync(scratch)).toBe(true)
    workspace.close()
    expect(existsSync(scratch)).toBe(false)
  })
})
