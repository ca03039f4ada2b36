import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { findProject, loadPipeline, planRun, Workspace } from '@cairn/workspace'
import { submit } from '@cairn/engine'
import { systemClock } from '@cairn/records'
import { REPOSITORY } from './programs.fixture.ts'
import { Services, type Control, type Service } from './services.fixture.ts'

const PIPELINE = 'versions'
const CODE = `import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { version } from 'outer'
const outputs = { v: json<string>() }
const words = new URL('./words.txt', import.meta.url)
const megabytes = new URL('./megabytes', import.meta.url)
export const first = step('first', {
  outputs,
  cache: 'never',
  run: (_, __, { scratch }) => {
    writeFileSync(join(scratch, 'large'), new Uint8Array(readFileSync(megabytes, 'utf8') * 1e6))
    return { v: readFileSync(words, 'utf8') }
  },
})
export const second = step('second', { inputs: outputs, outputs, run: ({ v }) => ({ v: v + version }) })
export const versions = pipeline('${PIPELINE}', () => second(first({})))
`

const servers = inject('servers')

/** The project in an image: the same code, with packages of its own. */
class Image {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-image-')))

  constructor(env: string, version: string) {
    mkdirSync(join(this.root, 'node_modules/outer'), { recursive: true })
    for (const name of ['@cairn', 'zod'])
      symlinkSync(join(REPOSITORY, 'node_modules', name), join(this.root, 'node_modules', name))
    const settings = { type: 'module', cairn: { pipelines: ['*.pipeline.ts'], env } }
    writeFileSync(join(this.root, 'package.json'), JSON.stringify(settings))
    writeFileSync(join(this.root, 'versions.pipeline.ts'), CODE)
    writeFileSync(join(this.root, 'words.txt'), '')
    writeFileSync(join(this.root, 'megabytes'), '0')
    this.install(version)
  }

  install(version: string): void {
    const json = { name: 'outer', version, type: 'module', exports: './index.js' }
    writeFileSync(join(this.root, 'node_modules/outer/package.json'), JSON.stringify(json))
    writeFileSync(join(this.root, 'node_modules/outer/index.js'), `export const version = '${version}'`)
  }
}

describe.skipIf(!servers)('stages that lack what a task needs', () => {
  const env = `packages-${randomUUID().slice(0, 8)}`
  const [one, two] = [new Image(env, '1.0.0'), new Image(env, '2.0.0')]
  let services: Services
  let control: Control
  let first: Service

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: one.root, pipelines: [PIPELINE] })
    const stage = (step: string, image: Image) => services.stage(PIPELINE, step, { CAIRN_ROOT: image.root })
    ;[control, first] = await Promise.all([services.control(), stage('first', two), stage('second', two)])
  })
  afterAll(async () => {
    await services?.close()
    for (const folder of [one.root, two.root]) rmSync(folder, { recursive: true, force: true })
  })

  const ended = (run: string) =>
    vi.waitUntil(async () => ((shown) => shown.end && shown)(await control.client.show(PIPELINE, run)), {
      timeout: 300_000,
      interval: 100,
    })
  const gives = async (run: string) => {
    const { end, tasks } = await ended(run)
    const [outcome] = tasks['second']!.items
    return {
      status: end!.status,
      ...(outcome?.status === 'completed' && { how: outcome.how, v: outcome.outputs['v']!.text }),
    }
  }
  /** Planned with what an image has. */
  const start = async ({ root }: Image): Promise<string> => {
    const workspace = new Workspace({ ...findProject(root), env }, services.store)
    const { plan } = await planRun(workspace, await loadPipeline(workspace.project, PIPELINE), {})
    await submit({ store: services.store, bus: services.bus, clock: systemClock }, services.keys.sign(plan))
    return plan.run
  }

  it('leave a task to a host that has its packages, and control says so while there is none', async () => {
    const run = await control.client.start(PIPELINE)
    const unfit = await vi.waitUntil(
      async () => ((found) => found.length > 0 && found)((await control.client.show(PIPELINE, run)).unfit),
      { timeout: 300_000, interval: 100 },
    )
    const message = 'the code was planned with outer@1.0.0, but this machine has outer@2.0.0'
    const next = 'npm install outer@1.0.0, or plan the run again with the installed version'
    expect(unfit).toMatchObject([{ task: 'second', error: { code: 'MISFIT', message, next } }])
    // A host that looks at the task once more has it in hand for a moment, and then it is told of no more than others.
    await vi.waitFor(
      async () => {
        const { body } = await control.client.ask('GET', `/v1/pipelines/${PIPELINE}/runs`)
        const { runs } = body as { runs: object[] }
        expect(runs).toMatchObject([{ run, unfit: [{ task: 'second', error: { message } }] }])
      },
      { timeout: 300_000, interval: 100 },
    )

    await services.stage(PIPELINE, 'second', { CAIRN_ROOT: one.root })
    // Reused, where the host that computed it had to leave it to the next before its end was written.
    expect(await gives(run)).toMatchObject({ status: 'completed', v: '"1.0.0"' })
    expect((await control.client.show(PIPELINE, run)).unfit).toEqual([])
    expect(await gives(await start(two))).toEqual({ status: 'completed', how: 'computed', v: '"2.0.0"' })
    expect(await gives(await start(one))).toEqual({ status: 'completed', how: 'reused', v: '"1.0.0"' })
  })

  it('compute with a package that is installed while they run, whatever is loaded already', async () => {
    one.install('3.0.0')
    expect(await gives(await control.client.start(PIPELINE))).toEqual({
      status: 'completed',
      how: 'computed',
      v: '"3.0.0"',
    })
  })

  it('have the files beside the code, which are not in their images, even after a cleaner removed them', async () => {
    rmSync(join(two.root, 'words.txt'))
    for (const words of ['as planned, ', 'as planned, ', 'otherwise, ']) {
      writeFileSync(join(one.root, 'words.txt'), words)
      expect(await gives(await control.client.start(PIPELINE))).toMatchObject({ v: `"${words}3.0.0"` })
      const laid = globSync('scratch/tmp/*-first/temp-*/cairn-files*', { cwd: services.folder })
      expect(laid).toHaveLength(1)
      rmSync(join(services.folder, laid[0]!), { recursive: true })
    }
  })

  it('keep a task waiting while their scratch disk is full, without counting an attempt; but fail a task that fills it', async ({
    skip,
  }) => {
    const disk = mkdtempSync(join(tmpdir(), 'cairn-scratch-'))
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]).status !== 0)
      skip('this user may not mount a disk of its own')
    try {
      await first.stop()
      first = await services.stage(PIPELINE, 'first', { CAIRN_ROOT: two.root, CAIRN_SCRATCH: disk })
      const ready = async () => (await fetch(new URL('/health/ready', first.url))).text()
      expect(JSON.parse(await ready())).toMatchObject({ machine: 'ok' })
      spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'ballast')}`, 'bs=64k'], { stdio: 'ignore' })
      const run = await control.client.start(PIPELINE)
      const unfit = await vi.waitUntil(
        async () => ((found) => found.length > 0 && found)((await control.client.show(PIPELINE, run)).unfit),
        { timeout: 300_000, interval: 100 },
      )
      const message = expect.stringMatching(/no space left/) as string
      expect(unfit[0]).toMatchObject({ task: 'first', error: { code: 'HOST_FAILED', message } })
      expect(await ready()).toContain('no space left')
      expect(first.log).toMatch(/"msg":"left to another host: .*no space left/)

      rmSync(join(disk, 'ballast'))
      expect(JSON.parse(await ready())).toMatchObject({ machine: 'ok' })
      const { end, tasks } = await ended(run)
      expect([end!.status, tasks['first']!.attempts]).toEqual(['completed', 1])

      for (const image of [one, two]) writeFileSync(join(image.root, 'megabytes'), '9')
      const tooLarge = await ended(await control.client.start(PIPELINE))
      expect([tooLarge.end!.status, tooLarge.tasks['first']!.attempts]).toEqual(['failed', 1])
      expect(tooLarge.tasks['first']!.items).toMatchObject([
        {
          error: {
            code: 'OUT_OF_SPACE',
            message: expect.stringMatching(
              /^first needs more disk space than is available: 8 MB of 8 MB were free when it started, and it had written 8 MB/,
            ) as string,
          },
        },
      ])
      expect(JSON.parse(await ready())).toMatchObject({ machine: 'ok' })
    } finally {
      await first.stop()
      spawnSync('umount', [disk])
      rmSync(disk, { recursive: true })
    }
  })
})
