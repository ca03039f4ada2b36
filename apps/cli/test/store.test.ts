import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CliProject, computed, type Files } from './project.fixture.ts'

const FILES: Files = {
  'store.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { bytes, json } from '@cairn/kinds'
import { z } from 'zod'
export const make = step('make', {
  params: z.object({ fill: z.int().default(7) }),
  outputs: { data: bytes() },
  run: (_, { fill }) => ({ data: new Uint8Array(50_000).fill(fill) }),
})
export const weigh = step('weigh', {
  inputs: { data: bytes() },
  params: z.object({ times: z.int().default(1) }),
  outputs: { total: json<number>() },
  run: ({ data }, { times }) => ({ total: data.length * times }),
})
export const store = pipeline('store', () => weigh(make({})))
`,
}

describe('a changed byte of an object', () => {
  it('is detected before the object is used, and named; doctor --repair and a run repair it', async () => {
    const project = new CliProject(FILES)
    await project.run('store')
    const [object] = project.stored('local/store/objects')
    const path = project.path('.cairn/local/store/objects', object!)
    const bytes = readFileSync(path)
    bytes[1234]! ^= 1
    writeFileSync(path, bytes)
    const digest = path.split('/').at(-1)!

    const run = await project.cairn('run', 'store', '--set', 'weigh.times=2')
    expect(run.code).toBe(3)
    expect(run.stdout).toContain(
      `input "data" of weigh: object ${digest} (50000 bytes) is damaged: the digest of its bytes is`,
    )
    expect(run.stdout).toContain('cairn doctor --repair to move it out of use')
    expect((await project.cairn('cat', 'store/latest/make/data', '--raw')).stderr).toContain(
      'is damaged: the digest of its bytes is',
    )

    const unread = await project.cairn('doctor', '--bytes', '0%')
    expect([unread.code, unread.stdout]).toEqual([0, expect.stringContaining('of which 0 B were read')])
    expect((await project.cairn('doctor', '--bytes', '200%')).stderr).toContain(
      '--bytes must be a percentage, not "200%"',
    )
    const doctor = await project.cairn('doctor')
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toContain('its content does not match its digest')
    const repair = await project.cairn('doctor', '--repair')
    expect(repair.stdout).toContain('moved to quarantine/')
    expect(computed(await project.run('store', '--set', 'weigh.times=2'))).toEqual(['make', 'weigh'])
    expect((await project.cairn('cat', 'store/latest/make/data', '--raw')).code).toBe(0)
  })

  it('is also repaired by --force', async () => {
    const project = new CliProject(FILES)
    await project.run('store')
    const [object] = project.stored('local/store/objects')
    project.write({ [`.cairn/local/store/objects${object}`]: 'x'.repeat(50_000) })
    expect(computed(await project.run('store', '--force', 'make'))).toEqual(['make'])
    expect((await project.run('store', '--set', 'weigh.times=2')).code).toBe(0)
  })
})

describe('cairn gc', () => {
  it('removes old runs and what only they refer to, and keeps what a live run refers to', async () => {
    const project = new CliProject(FILES)
    await project.run('store', '--set', 'make.fill=1')
    await project.run('store', '--set', 'make.fill=2')
    const everything = ['gc', '--keep-runs', '1', '--keep', '1ms', '--grace', '1ms']
    const dry = await project.cairn('--json', ...everything, '--dry-run')
    expect(JSON.parse(dry.stdout)).toMatchObject({ pipelines: { store: { runs: [expect.any(String)], trashed: 1 } } })
    expect(project.stored('local/store/objects')).toHaveLength(2)
    await project.cairn(...everything)
    await project.cairn(...everything)
    expect(project.stored('local/store/objects')).toHaveLength(1)
    expect((await project.cairn('doctor')).code).toBe(0)
    expect(computed(await project.run('store', '--set', 'make.fill=2'))).toEqual([])
    expect(computed(await project.run('store', '--set', 'make.fill=1'))).toEqual(['make', 'weigh'])
  })
})

describe('a store', () => {
  it('of a later format is refused', async () => {
    const project = new CliProject({ ...FILES, '.cairn/store.json': '{"format": 9}' })
    const { code, stderr } = await project.cairn('run', 'store')
    expect(code).toBe(1)
    expect(stderr).toContain('has format 9, but this version of Cairn supports only formats up to 2')
    expect(stderr).toContain('next   update Cairn')
  })

  it('of an earlier format is refused, and says what to do', async () => {
    const project = new CliProject({ ...FILES, '.cairn/store.json': '{"format": 1}' })
    const { code, stderr } = await project.cairn('run', 'store')
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /the store \S+\.cairn has format 1 of an earlier version of Cairn, but this version supports only format 2$/m,
    )
    expect(stderr).toContain('next   use a new store, or move store.json and the environment folders out of this one')
    rmSync(project.path('.cairn/store.json'))
    expect((await project.cairn('run', 'store')).code).toBe(0)
  })

  it('that cannot be written to is named, and nothing is lost', async () => {
    const project = new CliProject({ ...FILES, '.cairn/local': 'a file where a folder should be' })
    const { code, stderr } = await project.cairn('run', 'store')
    expect(code).toBe(1)
    expect(stderr).toMatch(/error {2}local\/store\/code\/\S+ cannot be written in the store/)
  })

  it('on a full disk says so, and keeps finished steps', async () => {
    const { execFileSync } = await import('node:child_process')
    const project = new CliProject(FILES)
    const disk = project.path('disk')
    project.write({ 'disk/.keep': '' })
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      return console.log('not tried: only root may mount a small disk')
    }
    try {
      const store = ['--store', `${disk}/store`]
      const runs = []
      for (let fill = 1; fill <= 20 && runs.at(-1)?.code !== 1; fill++)
        runs.push(await project.cairn(...store, 'run', 'store', '--set', `make.fill=${fill}`))
      expect(runs.length).toBeGreaterThan(1)
      // It may be met by an object, or by the folder that a step works in.
      expect(runs.at(-1)!.stderr).toMatch(/no space left( on device|.*ENOSPC)/)
      expect(runs.at(-1)!.stderr).toMatch(/next +free some space/)
      expect((await project.cairn(...store, 'doctor')).code).toBe(0)
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('syncs commits to disk if power loss must be survived', async () => {
    const project = new CliProject(FILES)
    const run = await project.cairnWith({ CAIRN_DURABILITY: 'power-loss' }, 'run', 'store')
    expect(run.code).toBe(0)
  })
})
