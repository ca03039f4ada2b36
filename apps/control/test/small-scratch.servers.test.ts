import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { REPOSITORY } from './programs.fixture.ts'
import { Services, type Control, type Service } from './services.fixture.ts'

const PIPELINE = 'large'
/** Of the disk, and of the objects of one run, in megabytes. */
const [DISK, OBJECTS, EACH] = [24, 10, 1.5]
const CODE = `import { randomBytes } from 'node:crypto'
import { list, pipeline, step } from '@cairn/kernel'
import { bytes, json } from '@cairn/kinds'
export const write = step('write', {
  outputs: { all: list(bytes()) },
  cache: 'never',
  run: () => ({ all: Array.from({ length: ${OBJECTS} }, () => randomBytes(${EACH}e6)) }),
})
export const measure = step('measure', {
  inputs: { all: list(bytes()) },
  outputs: { size: json<number>() },
  run: async ({ all }) => {
    let size = 0
    for await (const one of all) size += one.length
    return { size }
  },
})
export const large = pipeline('${PIPELINE}', () => measure(write({})))
`
const servers = inject('servers')
const disk = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-scratch-')))
const mount = () => spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}m`, 'tmpfs', disk]).status === 0
const unmount = () => spawnSync('umount', [disk])

describe.skipIf(!servers || !mount())('stages whose scratch disk is smaller than the objects of their runs', () => {
  const env = `scratch-${randomUUID().slice(0, 8)}`
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-project-')))
  let services: Services
  let control: Control
  let measure: Service

  beforeAll(async () => {
    symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
    const settings = { type: 'module', cairn: { pipelines: ['*.pipeline.ts'], env } }
    writeFileSync(join(root, 'package.json'), JSON.stringify(settings))
    writeFileSync(join(root, 'large.pipeline.ts'), CODE)
    services = await Services.open(servers!, { env, root, pipelines: [PIPELINE] })
    const elsewhere = join(services.folder, 'scratch')
    mkdirSync(elsewhere)
    ;[control, measure] = await Promise.all([
      services.control(),
      services.stage(PIPELINE, 'measure', { CAIRN_SCRATCH: disk }),
      services.stage(PIPELINE, 'write', { CAIRN_SCRATCH: elsewhere }),
    ])
  })
  afterAll(async () => {
    await services?.close()
    unmount()
    for (const folder of [root, disk]) rmSync(folder, { recursive: true, force: true })
  })

  const ended = (run: string) =>
    vi.waitUntil(async () => ((shown) => shown.end && shown)(await control.client.show(PIPELINE, run)), {
      timeout: 300_000,
      interval: 100,
    })
  const sizeOfCopies = () =>
    globSync('objects/objects/**', { cwd: disk })
      .map((path) => statSync(join(disk, path)))
      .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0)

  it('complete one run after another, in one attempt each, and leave a tenth of the disk free', async () => {
    for (let n = 0; n < 3; n++) {
      const { end, tasks } = await ended(await control.client.start(PIPELINE))
      const { attempts, items } = tasks['measure']!
      expect([end!.status, attempts, items[0]]).toEqual([
        'completed',
        1,
        expect.objectContaining({
          status: 'completed',
          outputs: { size: expect.objectContaining({ text: `${OBJECTS * EACH * 1e6}` }) as object },
        }),
      ])
    }
    expect(sizeOfCopies()).toBeLessThanOrEqual(0.9 * DISK * 2 ** 20)
    expect(await (await fetch(new URL('/health/ready', measure.url))).text()).toContain('"machine":"ok"')
  })
})
