import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProject } from './create-project.ts'

const OXLINT = join(import.meta.dirname, '../../../node_modules/oxlint/bin/oxlint')

test('the lint rules of a new project accept its pipeline, and refuse == and an import cycle', () => {
  const root = mkdtempSync(join(tmpdir(), 'create-cairn-'))
  try {
    createProject(root)
    const lint = () => spawnSync(process.execPath, [OXLINT, '--deny-warnings'], { cwd: root, encoding: 'utf8' })
    expect(lint()).toMatchObject({ status: 0, stdout: expect.stringContaining('0 warnings and 0 errors') })
    writeFileSync(
      join(root, 'pipelines/one.ts'),
      "import { two } from './two.ts'\nexport const one = () => two() == 1\n",
    )
    writeFileSync(
      join(root, 'pipelines/two.ts'),
      "import { one } from './one.ts'\nexport const two = () => Number(one())\n",
    )
    const { status, stdout } = lint()
    expect(status).toBe(1)
    expect(stdout).toContain('eqeqeq')
    expect(stdout).toContain('no-cycle')
  } finally {
    rmSync(root, { recursive: true })
  }
})
