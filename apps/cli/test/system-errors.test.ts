import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { CAIRN, CliProject, NODE, type Ended } from './project.fixture.ts'

const PIPELINE = `import { readFileSync } from 'node:fs'
import { fromFile } from '@cairn/connectors'
import { pipeline, source } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
export const load = source('load', {
  reads: { file: fromFile('data.txt') },
  params: z.object({ n: z.number().default(1) }),
  outputs: { text: json<string>() },
  run: ({ file }, { n }) => ({ text: n + readFileSync(file.path, 'utf8') }),
})
export const p = pipeline('p', () => load({}))
`
const project = new CliProject({ 'p.pipeline.ts': PIPELINE, 'data.txt': 'here' })
symlinkSync('loop', project.path('loop'))
chmodSync(project.root, 0o755) // whoever has no rights may look into it

function refusal({ code, stdout, stderr }: Ended): string {
  const text = stdout + stderr
  expect(code, text).not.toBe(0)
  expect(text).not.toMatch(/UNEXPECTED|^ +at /m)
  expect(text).toMatch(/^(error|✘ \w+) {2}/m)
  return text
}

/**
 * A command with limits of the shell before it. Where the tests are run by root, without what root may do beside other
 * users: as another user it might not even reach the folder in which the tests are.
 */
function limited(before: string, ...args: readonly string[]): Promise<Ended> {
  const isRoot = process.getuid?.() === 0
  const command = isRoot ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all', NODE, CAIRN] : [NODE, CAIRN]
  const quoted = [...command, ...args].map((word) => `'${word}'`).join(' ')
  const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env
  return new Promise((done) => {
    const child = execFile(
      'sh',
      ['-c', `${before} exec ${quoted}`],
      { cwd: project.root, env: { ...env, HOME: project.root } },
      (_, stdout, stderr) => done({ code: child.exitCode, stdout, stderr }),
    )
  })
}

it.each([
  [['--store', 'loop/x', 'run', 'p'], 'ELOOP'],
  [['-C', 'loop', 'run', 'p'], 'loop is not a project: ELOOP'],
  [['-C', 'nowhere', 'runs'], 'nowhere is not a project: it does not exist'],
  [['-C', 'data.txt', 'runs'], 'data.txt is not a project: it is not a folder'],
  [['run', 'p', '--out', 'loop/x'], 'its symbolic links form a loop'],
  [['run', 'p', '--params', 'loop'], 'the parameters in loop cannot be read: ELOOP'],
  [['new', 'step', 'other', '--in', 'loop'], 'its symbolic links form a loop'],
])('names a path with a loop of links or a missing target: %j', async (args, message) => {
  expect(refusal(await project.cairn(...args))).toContain(message)
})

it('names a source and a pipeline that are loops of links', async () => {
  const circles = new CliProject({ 'p.pipeline.ts': PIPELINE })
  symlinkSync('data.txt', circles.path('data.txt'))
  expect(refusal(await circles.cairn('run', 'p'))).toContain('data.txt cannot be read: ELOOP')
  rmSync(circles.path('p.pipeline.ts'))
  symlinkSync('p.pipeline.ts', circles.path('p.pipeline.ts'))
  expect(refusal(await circles.cairn('run', 'p'))).toMatch(
    /p\.pipeline\.ts, which .* lists under "pipelines", cannot be read: ELOOP/,
  )
})

const strangers = mkdtempSync(join(tmpdir(), 'cairn-strangers-'))
chmodSync(strangers, 0o777)
afterAll(() => rmSync(strangers, { recursive: true, force: true }))

it('names files that its user may not read or write', async () => {
  expect((await project.run('p')).status).toBe('completed')
  const closed = join(strangers, 'closed')
  mkdirSync(closed, { mode: 0o555 })
  const own = ['--store', join(strangers, 'store')]
  expect(refusal(await limited('', '--store', join(closed, 'store'), 'run', 'p'))).toContain('EACCES')
  expect(refusal(await limited('', ...own, 'run', 'p', '--out', join(closed, 'out')))).toMatch(
    /mkdir .*closed.out failed: permission denied \(EACCES\)\nnext +give this user access/,
  )
  expect(refusal(await limited('', ...own, 'cat', 'p/latest/load', '-o', join(closed, 'x')))).toContain(
    'permission denied',
  )
  try {
    chmodSync(project.path('data.txt'), 0)
    expect(refusal(await limited('', ...own, 'run', 'p'))).toContain('data.txt cannot be read: EACCES')
    chmodSync(project.path('p.pipeline.ts'), 0)
    expect(refusal(await limited('', ...own, 'run', 'p'))).toMatch(/p\.pipeline\.ts cannot be read: EACCES/)
  } finally {
    for (const file of ['data.txt', 'p.pipeline.ts']) chmodSync(project.path(file), 0o644)
  }
})

it('says that too many files are open if no process can be started', async () => {
  const store = ['--store', join(strangers, 'few')]
  // How many a process needs to begin depends on Node: from so few that it ends in Node's own words to enough.
  const ends: Ended[] = []
  for (let files = 24; files <= 64 && ends.at(-1)?.code !== 0; files++)
    ends.push(await limited(`ulimit -n ${files};`, ...store, 'run', 'p', '--set', `load.n=${files}`))
  expect(ends.at(-1)!.code).toBe(0)
  const ours = ends.filter(({ code, stdout, stderr }) => code !== 0 && /^(error|✘)/m.test(stdout + stderr))
  expect(ours.length).toBeGreaterThan(0)
  for (const end of ours) expect(refusal(end)).toMatch(/EMFILE|too many/)
  const unforeseen = ends.filter(({ stdout, stderr }) =>
    /^(TypeError|Error|node:internal|file:)/m.test(stdout + stderr),
  )
  expect(unforeseen).toEqual([])
})

const DISKS = `import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { json } from '@cairn/kinds'
import { pipeline, step } from '@cairn/kernel'
const Text = json<string>()
const bytes = new Uint8Array(6e6)
export const before = step('before', { outputs: { text: Text }, run: () => ({ text: 'kept' }) })
export const large = step('large', {
  inputs: { text: Text },
  outputs: { text: Text },
  acknowledge: ['files'],
  run: ({ text }, _, { scratch }) => (writeFileSync(join(scratch, 'a'), bytes), { text }),
})
export const own = step('own', {
  outputs: { text: Text },
  acknowledge: ['files'],
  run: () => (writeFileSync('/dev/full', 'x'), { text: '' }),
})
export const p = pipeline('p', () => large(before({})))
export const q = pipeline('q', () => own({}))
`

it('says that the scratch disk is full, and blames no step for it', async ({ skip }) => {
  const disks = new CliProject({ 'p.pipeline.ts': DISKS })
  const store = disks.path('disk')
  mkdirSync(store)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', store]).status !== 0)
    skip('this user may not mount a disk of its own')
  try {
    const ballast = join(store, 'ballast')
    writeFileSync(ballast, new Uint8Array(62e6))
    const full = await disks.cairn('--store', store, 'run', 'p')
    expect(full.code).toBe(1)
    expect(refusal(full)).toMatch(/error {2}\S*disk.* has no space left \(ENOSPC\)\nnext {3}free some space/)
    const [first] = JSON.parse((await disks.cairn('--json', '--store', store, 'runs', 'p')).stdout) as [object]
    expect(first).toMatchObject({ status: 'interrupted' })
    rmSync(ballast)
    expect(hows(await disks.run('p', '--store', store))).toEqual(['completed', 'reused', 'computed'])
  } finally {
    spawnSync('umount', [store])
  }
})

it('fails a step that needs more room than its disk has', async ({ skip }) => {
  const disks = new CliProject({ 'p.pipeline.ts': DISKS })
  const store = disks.path('disk')
  mkdirSync(store)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', store]).status !== 0)
    skip('this user may not mount a disk of its own')
  try {
    const failed = await disks.run('p', '--store', store)
    expect([failed.code, failed.status]).toEqual([3, 'failed'])
    expect(failed.steps['large']!.error).toMatchObject({
      code: 'OUT_OF_SPACE',
      message: expect.stringMatching(
        /^large needs more disk space than is available: 4 MB of 4 MB were free/,
      ) as string,
    })
    spawnSync('mount', ['-o', 'remount,size=64m', store])
    expect(hows(await disks.run('p', '--store', store))).toEqual(['completed', 'reused', 'computed'])
  } finally {
    spawnSync('umount', [store])
  }
})

function hows({ status, steps }: Awaited<ReturnType<CliProject['run']>>) {
  return [status, steps['before']!.how, steps['large']!.how]
}

it('reports a full disk at a path that the step chose as an error of the step', async () => {
  const disks = new CliProject({ 'p.pipeline.ts': DISKS })
  const { code, status, steps } = await disks.run('q')
  expect([code, status, steps['own']!.error!.code]).toEqual([3, 'failed', 'STEP_FAILED'])
})
