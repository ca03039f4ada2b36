import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CliProject, exit, printed, type Files } from './project.fixture.ts'

/** A step that goes on until a file appears. */
const FILES: Files = {
  'shop.pipeline.ts': `import { existsSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const sell = step('sell', {
  outputs: { sold: json<number>() },
  acknowledge: ['files', 'clock'],
  run: () => {
    while (!existsSync('held/go-on')) for (const until = Date.now() + 10; Date.now() < until; );
    return { sold: 1 }
  },
})
export const shop = pipeline('shop', () => sell({}))
`,
  'held/until': 'go-on is here',
}
const ALERTS: Files = {
  'alerts.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const peek = step('peek', { outputs: { seen: json<number>() }, run: () => ({ seen: 2 }) })
export const alerts = pipeline('alerts', () => peek({}))
`,
}

interface Check {
  readonly what: string
  readonly ok: boolean
  readonly found: string
}

describe.skipIf(!inject('servers'))('a run whose step has no running stage', () => {
  const project = new CliProject(FILES)
  beforeAll(async () => {
    const { code, stderr } = await project.cairn('up')
    if (code !== 0) throw new Error(stderr)
  })
  afterAll(async () => {
    await project.cairn('down')
  })

  const stagesCheck = async () => {
    const { stdout } = await project.cairn('--json', 'doctor', '--on', 'local')
    return (JSON.parse(stdout) as { checks: Check[] }).checks.find(({ what }) => what === 'stages')
  }
  const shown = async (path: string) =>
    JSON.parse((await project.cairn('--json', 'show', path, '--on', 'local')).stdout) as {
      plan: { run: string }
      status: string
      missingStages: string[]
    }

  it('is reported by run, show, status and doctor, and continues when a stage starts', async () => {
    project.write(ALERTS)
    const running = project.startWith({ CAIRN_STAGE_CHECK: '0.1' }, 'run', 'alerts', '--on', 'local')
    const ended = exit(running)
    const line =
      /! peek {2}no stage of alerts\/peek is running, and the run waits for it: start it with cairn up or, if/
    let stderr = ''
    running.stderr!.on('data', (data) => (stderr += String(data)))
    await printed(running, 'no stage of alerts/peek is running')
    expect(stderr).toMatch(line)

    const { plan, status, missingStages } = await shown('alerts/latest')
    expect([status, missingStages]).toEqual(['planned', ['peek']])
    const found = `no stage of alerts/peek is running, and run ${plan.run} waits for it`
    const next = `next  start it (on this machine with cairn up) or, if the project no longer has it, cairn cancel --on local alerts/${plan.run}`
    expect((await project.cairn('show', 'alerts/latest', '--on', 'local')).stdout).toMatch(line)
    expect(await stagesCheck()).toMatchObject({ ok: false, found })
    for (const command of [['status'], ['doctor', '--on', 'local']]) {
      const { code, stdout } = await project.cairn(...command)
      expect([command, code, stdout]).toEqual([command, 1, expect.stringContaining(found)])
      expect(stdout).toContain(next)
    }

    expect((await project.cairn('up')).code).toBe(0)
    expect(await ended).toBe(0)
    expect(stderr.split('\n').filter((text) => line.test(text))).toHaveLength(1)
    expect((await shown('alerts/latest')).missingStages).toEqual([])
    expect(await stagesCheck()).toMatchObject({ ok: true })
    expect((await project.cairn('status')).code).toBe(0)
  })

  it('is not reported while its stage is busy', async () => {
    const running = project.startWith(
      { CAIRN_STAGE_CHECK: '0.01' },
      'run',
      'shop',
      '--on',
      'local',
      '--progress',
      'plain',
    )
    const ended = exit(running)
    let stderr = ''
    running.stderr!.on('data', (data) => (stderr += String(data)))
    await printed(running, 'sell  running')
    expect(await shown('shop/latest')).toMatchObject({ status: 'running', missingStages: [] })
    expect(await stagesCheck()).toMatchObject({ ok: true, found: 'each step that a run waits for has one' })
    expect((await project.cairn('status')).code).toBe(0)
    project.write({ 'held/go-on': '' })
    expect(await ended).toBe(0)
    expect(stderr).not.toContain('no stage')
  })
})
