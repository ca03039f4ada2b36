import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openConnection, readConnectionFile } from '@cairn/drivers/connection'
import { isGone, pidOf } from '@cairn/drivers/process-id'
import { encodeRecord, layout, readRecord, runEvent, type Plan } from '@cairn/records'
import type { Checkup } from '@cairn/maintenance'
import { listeners, servicesOf } from './listeners.fixture.ts'
import { CliProject, computed, exit, printed, type Files, type RunSummary } from './project.fixture.ts'

interface Letter {
  readonly id: string
  readonly event?: { readonly run: string }
  readonly groups: readonly { readonly group: string }[]
}
/** A step that looks for what is its host's: tells what it found. */
const CURIOUS = `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const tries: Record<string, () => unknown> = {
  connection: async () => (await import('node:fs')).readFileSync('.cairn/stack/connection.json', 'utf8'),
  context: async () => (await import('node:fs')).readdirSync('.cairn/contexts'),
  secrets: async () => (await import('node:fs')).readFileSync('.cairn/secrets.json', 'utf8'),
  host: async () => (await import('node:fs')).readFileSync('/proc/' + process.ppid + '/environ', 'utf8'),
  program: async () => (await import('node:child_process')).execFileSync('cat', ['.cairn/secrets.json']).toString(),
}
/** Node lets others debug a process that gets this signal. */
const signalled = (processes: string) =>
  processes.split(' ').map((pid) => process.kill(pid === 'host' ? process.ppid : Number(pid), 'SIGUSR1'))
export const look = step('look', {
  params: z.object({ at: z.string() }),
  outputs: { found: json<string>() },
  cache: 'never',
  run: async (_, { at }) => ({
    found:
      at === 'environment'
        ? Object.keys(process.env).sort().join(' ')
        : at.startsWith('signal ')
          ? String(signalled(at.slice('signal '.length)))
          : String(await tries[at]!()),
  }),
})
export const curious = pipeline('curious', { params: z.object({ at: z.string() }) }, ({ at }) => look({}, { at }))
`

/** Ordinary steps; one goes on until a file appears. */
const FILES: Files = {
  'shop.pipeline.ts': `import { existsSync } from 'node:fs'
import { each, list, pipeline, step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
export const load = step('load', {
  params: z.object({ count: z.number().default(3) }),
  outputs: { numbers: list(Int) },
  run: (_, { count }) => ({ numbers: Array.from({ length: count }, (_, at) => at + 1) }),
})
export const double = step('double', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => (console.log('doubling ' + n), { n: n * 2 }) })
export const sum = step('sum', {
  inputs: { numbers: list(Int) },
  params: z.object({ slow: z.boolean().default(false) }),
  outputs: { metrics: metrics(z.object({ total: z.number() })) },
  acknowledge: ['files', 'clock'],
  async run({ numbers }, { slow }) {
    console.log('summing')
    while (slow && !existsSync('held/go-on')) for (const until = Date.now() + 10; Date.now() < until; );
    let total = 0
    for await (const n of numbers) total += n
    return { metrics: { total } }
  },
})
export const shop = pipeline('shop', () => sum({ numbers: each(load({}).numbers, (n) => double({ n })).n }))
`,
  'report.pipeline.ts': `import { fromPipeline } from '@cairn/connectors'
import { list, pipeline, source } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
import { z } from 'zod'
export const compare = source('compare', {
  reads: {
    metrics: fromPipeline('shop', 'metrics', metrics(z.object({ total: z.number() }))),
    doubled: fromPipeline('shop', 'each-numbers/n', list(json<number>())),
  },
  outputs: { text: json<string>() },
  run: async ({ metrics, doubled }) => ({ text: metrics.total + ' of ' + (await doubled.all()).join(' ') }),
})
export const report = pipeline('report', () => compare({}))
`,
  'months.pipeline.ts': `import { fromFile, fromFiles, fromSql, duckdb, sqlite } from '@cairn/connectors'
import { list, pipeline, source } from '@cairn/kernel'
import { file, json } from '@cairn/kinds'
const count = async (rows) => { let n = 0; for await (const _ of rows) n++; return n }
export const readAll = source('read-all', {
  reads: {
    months: fromFiles('data/2026-*.csv'),
    deep: fromFiles('data/**/*.csv'),
    one: fromFile('data/2026-01.csv'),
    lite: fromSql(sqlite('data/shop.db'), 'select n from orders'),
    duck: fromSql(duckdb('data/shop.duckdb'), 'select n from orders'),
  },
  outputs: { months: list(file('csv')), found: json() },
  run: async ({ months, deep, one, lite, duck }) => ({
    months,
    found: [months.map(({ name }) => name), deep.length, one.path.slice(-11), await count(lite), await count(duck)],
  }),
})
export const readHere = source('read-here', {
  reads: { all: fromFiles('*.pipeline.ts') }, outputs: { n: json() }, run: ({ all }) => ({ n: all.length }),
})
export const months = pipeline('months', () => readAll({}))
export const here = pipeline('here', () => readHere({}))
`,
  'data/2026-01.csv': 'n\n1\n',
  'data/2026-02.csv': 'n\n2\n',
  'data/deep/2026-03.csv': 'n\n3\n',
  'held/until': 'go-on is here',
  'curious.pipeline.ts': CURIOUS,
  '.cairn/secrets.json': '{ "KEY": "of another step" }',
}

describe.skipIf(!inject('servers'))('a project on services of this machine', () => {
  let project: CliProject
  beforeAll(async () => {
    project = new CliProject(FILES)
    const shop = new DatabaseSync(project.path('data/shop.db'))
    shop.exec('create table orders (n integer); insert into orders values (1), (2), (3)')
    shop.close()
    const makeDuck = `const { DuckDBInstance } = await import('@duckdb/node-api')
      const duck = await (await DuckDBInstance.create('data/shop.duckdb')).connect()
      await duck.run('create table orders as select * from range(4) as orders(n)')`
    execFileSync(process.execPath, ['--input-type=module', '-e', makeDuck], { cwd: project.root })
    const { code, stderr } = await project.cairn('up')
    if (code !== 0) throw new Error(stderr)
  })
  afterAll(async () => {
    await project.cairn('down')
  })

  const outputs = ({ steps }: RunSummary) =>
    Object.entries(steps).map(([name, { key, outputs }]) => [
      name,
      key,
      Object.values(outputs ?? {}).map(({ digest }) => digest),
    ])

  it('has a process for each step, for control, Kafka and MinIO, and they are ready', async () => {
    const { code, stdout } = await project.cairn('--json', 'status')
    const { services } = JSON.parse(stdout) as { services: { name: string; state: string; url: string }[] }
    expect(code).toBe(0)
    expect(services.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(
      [
        ...['control', 'curious/look', 'here/read-here', 'kafka', 'minio', 'months/read-all', 'report/compare'],
        ...['shop/double', 'shop/load', 'shop/sum'],
      ].map((name) => `${name} ready`),
    )
    expect(services.every(({ url }) => /^(http:\/\/)?127\.0\.0\.1:\d+$/.test(url))).toBe(true)
    expect(new Set(Object.values(running(project).services)).size).toBe(10)
  })

  it('listens only on this machine: each service at one port, and the servers', () => {
    const { supervisor, services } = running(project)
    const { kafka, minio, ...own } = services
    for (const [name, process] of Object.entries(own))
      expect(listeners(pidOf(process)), name).toEqual({ loopback: 1, open: 0 })
    expect(listeners(pidOf(supervisor))).toEqual({ loopback: 0, open: 0 })
    expect(listeners(pidOf(kafka!))).toEqual({ loopback: 2, open: 0 })
    expect(listeners(pidOf(minio!)).open).toBe(0)
  })

  it('lets only its owner read the credentials of the services', () => {
    for (const file of ['connection.json', 'tokens.json', 'services.json'])
      expect(statSync(project.path('.cairn/stack', file)).mode & 0o077, file).toBe(0)
    expect(statSync(project.path('.cairn/contexts/local.json')).mode & 0o077).toBe(0)
  })

  it('has no services in a copy of its folder: each command there names their owner, and they keep running', async () => {
    const known = readdirSync(project.path('.cairn/stack')).filter((file) => file.endsWith('.json'))
    const files = ['shop.pipeline.ts', '.cairn/contexts/local.json', ...known.map((file) => `.cairn/stack/${file}`)]
    const copy = new CliProject(Object.fromEntries(files.map((file) => [file, project.read(file)])))
    for (const args of [['status'], ['up'], ['run', 'shop', '--on', 'local'], ['down']]) {
      const { code, stderr } = await copy.cairn(...args)
      expect([args, code, stderr]).toEqual([
        args,
        1,
        expect.stringContaining(`this folder is a copy of ${realpathSync(project.root)}`),
      ])
    }
    expect((await project.cairn('status')).code).toBe(0)
  })

  it('runs there as locally: the same keys and bytes; and a second run reuses everything', async () => {
    const here = await project.run('shop')
    const there = await project.run('shop', '--on', 'local')
    expect(there.code).toBe(0)
    expect(computed(there)).toEqual(computed(here))
    expect(outputs(there)).toEqual(outputs(here))
    const again = await project.run('shop', '--on', 'local')
    expect(computed(again)).toEqual([])
    expect(outputs(again)).toEqual(outputs(here))
  })

  it("provides Kafka's tool for consumer groups, which shows the groups of the stages and their lag", () => {
    const tool = project.path('.cairn/stack/bin/kafka-consumer-groups')
    const shown = execFileSync(tool, ['--describe', '--all-groups'], { encoding: 'utf8' })
    for (const step of ['load', 'double', 'sum'])
      expect(shown).toMatch(
        new RegExp(`^cairn\\.local\\.shop\\.${step} +cairn\\.local\\.shop +\\d+ +\\d+ +\\d+ +\\d+ `, 'm'),
      )
  })

  it('shows runs on services like local runs', async () => {
    const { run } = await project.run('shop', '--on', 'local')
    const cairn = async (...args: string[]) => (await project.cairn(...args, '--on', 'local')).stdout
    expect(await cairn('runs', 'shop')).toMatch(new RegExp(`shop/${run} +completed .* total 12`))
    expect(await cairn('cat', `shop/${run}/sum/metrics`)).toContain('total  12')
    expect(await cairn('show', `shop/${run}/sum`)).toContain('completed')
    expect(await cairn('show', `shop/${run}`)).toMatch(/double +(\d computed, )?\d reused|double +3 computed/)
    const double = JSON.parse(await cairn('--json', 'show', `shop/${run}/double/2`)) as object
    expect(double).toMatchObject({
      item: { item: '2' },
      outcome: { status: 'completed', outputs: { n: { text: '6' } } },
    })
    expect(await cairn('cat', `shop/${run}/double/1`)).toBe('4\n')
    const other = await project.run('shop', '--on', 'local', '--set', 'load.count=4')
    expect(Object.values(other.steps['double']!.items!).reduce((sum, count) => sum + count)).toBe(4)
    expect(await cairn('logs', `shop/${other.run}/sum`)).toBe('summing\n')
    expect(await cairn('logs', `shop/${other.run}/double/3`)).toBe('doubling 4\n')
    expect(await cairn('diff', `shop/${run}`, `shop/${other.run}`)).toMatch(/total +12 +20/)
    expect(await cairn('plan', 'shop', '--set', 'load.count=5')).toMatch(/load +run .*params\.count [34] -> 5/)
    expect(await cairn('why', 'shop', 'load', '--set', 'load.count=5')).toContain('MISS')
    expect(await cairn('why', 'shop', 'double/1')).toMatch(/^double\/1 +HIT +computed /)
  })

  it('lists, shows, exports, drops dead letters, and replays them to the group that gave up', async () => {
    const { bus, close } = await openConnection(readConnectionFile(project.path('.cairn/stack/connection.json')), {
      clientId: 'test',
    })
    await project.run('shop', '--on', 'local')
    const event = (run: string) => runEvent({ env: 'local', pipeline: 'shop', run } as Plan, 'run-started', 0)
    await bus.publish('cairn.local.shop', [event('lost-1'), event('lost-2')])
    const cairn = async (...args: string[]) => project.cairn('--json', 'dead-letters', ...args, '--on', 'local')
    const list = async (...args: string[]) =>
      (JSON.parse((await cairn('list', 'shop', ...args)).stdout) as { letters: Letter[] }).letters
    const groups = ['double', 'load', 'sum']
    await expect
      .poll(async () => (await list()).map((letter) => letter.groups.map(({ group }) => group).sort()), {
        timeout: 300_000,
      })
      .toEqual([groups, groups])
    const named = async (run: string) => `shop/${(await list('--all')).findLast(({ event }) => event!.run === run)!.id}`
    const [first, second] = [await named('lost-1'), await named('lost-2')]
    expect((await project.cairn('status')).stdout).toContain('dead letters of shop: 2')
    const text = async (...args: string[]) => (await project.cairn('dead-letters', ...args, '--on', 'local')).stdout
    expect(await text('list')).toMatch(new RegExp(`${second} .* lost-2/run-started .*run lost-2 of shop has no plan`))
    expect(await text('show', first)).toMatch(
      /waiting +given up by load.*\n.*NOT_FOUND: [^]*"run":"lost-1"[^]*cairn dead-letters --on local replay/,
    )
    const exported = (await text('export', 'shop'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Letter & { value: string })
    expect(exported.map(({ value }) => JSON.parse(Buffer.from(value, 'base64').toString()) as object)).toEqual(
      expect.arrayContaining([event('lost-1').data, event('lost-2').data]),
    )
    expect(await text('replay', first, '--group', 'load')).toContain(`replayed  ${first}  for load`)
    await expect.poll(async () => (await list()).length).toBe(3) // load alone gives it up once more
    expect(await text('drop', second)).toMatch(/^dropped .*double, load, sum|^dropped .* for (\w+, ){2}\w+/)
    expect((await list()).map(({ event }) => event!.run)).toEqual(['lost-1', 'lost-1'])
    expect((await project.cairn('dead-letters', 'drop', first, '--run', 'lost-1', '--on', 'local')).stderr).toMatch(
      /^next +cairn dead-letters .*drop shop --run lost-1/m,
    )
    expect(await text('drop', 'shop', '--run', 'lost-2')).toContain('dropped  0 dead letters of shop')
    expect(await text('drop', 'shop', '--run', 'lost-1')).toContain('dropped  2 dead letters of shop')
    expect(await list()).toEqual([])
    const unknown = await cairn('replay', 'shop/0-999999')
    expect(JSON.parse(unknown.stderr || unknown.stdout)).toMatchObject({ error: { code: 'NOT_FOUND' } })
    expect((await project.cairn('dead-letters', 'show', 'shop/x', '--on', 'local')).code).toBe(1)
    await close()
  })

  it('continues a run when its reader leaves, who can come back and cancel it twice; another run is queued', async () => {
    const manifest = { type: 'module', cairn: { pipelines: ['*.pipeline.ts'] } }
    const limited = { ...manifest.cairn, concurrency: { pipelines: { shop: { runs: 1 } } } }
    project.write({ 'package.json': JSON.stringify({ ...manifest, cairn: limited }) })
    const follower = project.start(
      'run',
      'shop',
      '--on',
      'local',
      '--progress',
      'plain',
      '--set',
      'sum.slow=true',
      '--force',
      'sum',
    )
    await printed(follower, 'sum  running')
    const left = exit(follower)
    follower.kill('SIGINT')
    expect(await left).toBe(130)
    const { stdout } = await project.cairn('--json', 'runs', 'shop', '--on', 'local')
    const [{ run, status }] = JSON.parse(stdout) as [{ run: string; status: string }]
    expect(status).toBe('running')
    const listed = async (...options: string[]) =>
      JSON.parse((await project.cairn('--json', 'runs', 'shop', '--on', 'local', ...options)).stdout) as {
        run: string
      }[]
    expect(await listed('--status', 'running', '--since', '1h')).toMatchObject([{ run }])
    expect((await listed('--before', run, '-n', '1'))[0]!.run).not.toBe(run)
    const connection = readConnectionFile(project.path('.cairn/stack/connection.json'))
    const { bus, close } = await openConnection(connection, { clientId: 'test' })
    const started = runEvent({ env: 'local', pipeline: 'shop', run } as Plan, 'run-started', 0)
    const subject = `${run}/double/99` // of which there is none
    const lost = { ...started, id: `${subject}/ready`, type: 'cairn.ready' as const, subject }
    await bus.publish('cairn.local.shop', [
      { ...lost, data: { ...lost.data, node: 'double', batch: '99', step: 'double' } },
    ])
    await close()
    const waits = new RegExp(
      `! double {2}gave up event ${lost.id}: .*has no task.*\\n.*cairn dead-letters --on local replay shop/`,
    )
    await expect.poll(async () => (await project.cairn('runs', 'shop', '--on', 'local')).stdout).toMatch(waits)
    expect((await project.cairn('show', `shop/${run}`, '--on', 'local')).stdout).toMatch(waits)
    for (const args of [
      ['runs', 'shop', '-n', '1'],
      ['show', `shop/${run}`],
    ]) {
      const read = JSON.parse((await project.cairn('--json', ...args, '--on', 'local')).stdout) as object
      const [told] = [read].flat() as { deadLetters: { letter: string; event: string; step: string }[] }[]
      expect(told!.deadLetters).toMatchObject([{ step: 'double', event: lost.id }])
    }
    const next = project.start('run', 'shop', '--on', 'local', '--progress', 'plain', '--set', 'load.count=9')
    const queued = 'queued  place 1 of 1: at most 1 run at once in the pipeline shop'
    await printed(next, queued)
    const waiting = await listed('--status', 'queued')
    expect(waiting).toMatchObject([{ status: 'queued', queue: { place: 1 } }])
    for (const command of [
      ['show', `shop/${waiting[0]!.run}`],
      ['runs', 'shop'],
    ])
      expect((await project.cairn(...command, '--on', 'local')).stdout).toContain(queued)
    const nextEnded = exit(next)
    const back = project.start('follow', `shop/${run}`, '--on', 'local', '--progress', 'plain')
    await printed(back, 'sum  running')
    const ended = exit(back)
    expect((await project.cairn('cancel', `shop/${run}`, '--on', 'local')).stdout).toContain(`cancelled  shop/${run}`)
    expect(await ended).toBe(2)
    expect(await nextEnded).toBe(0)
    type Times = { run: string; startedAt: number; ms: number }[]
    const times = new Map(((await listed()) as Times).map((line) => [line.run, line]))
    expect(waiting[0]).not.toHaveProperty('startedAt')
    const blocking = times.get(run)!
    expect(times.get(waiting[0]!.run)!.startedAt).toBeGreaterThanOrEqual(blocking.startedAt + blocking.ms)
    project.write({ 'package.json': JSON.stringify(manifest) })
    expect((await project.cairn('cancel', `shop/${run}`, '--on', 'local')).stdout).toContain(`cancelled  shop/${run}`)
  })

  it('reuses pushed results on services, and pulled results locally', async () => {
    await project.run('shop', '--set', 'load.count=6')
    const pushed = await project.cairn('push', 'shop/latest', '--on', 'local')
    expect(pushed.code, pushed.stderr).toBe(0)
    expect(computed(await project.run('shop', '--on', 'local', '--set', 'load.count=6'))).toEqual([])

    const there = await project.run('shop', '--on', 'local', '--set', 'load.count=7')
    expect(computed(there)).not.toEqual([])
    expect((await project.cairn('pull', `shop/${there.run.slice(-5)}`, '--on', 'local')).code).toBe(0)
    expect(computed(await project.run('shop', '--set', 'load.count=7'))).toEqual([])
    expect((await project.cairn('doctor')).code).toBe(0)
  })

  it('restarts only the processes that were killed; runs continue, and no stored data is lost', async () => {
    await project.run('shop', '--on', 'local')
    const before = await processes(project)
    const killed = ['kafka', 'minio', 'control', 'shop/double']
    for (const name of killed) process.kill(before.get(name)!.pid, 'SIGKILL')
    await expect.poll(async () => (await project.cairn('status')).code).toBe(0)
    const after = await processes(project)
    for (const [name, { pid, restarts }] of after)
      // Control ends again where it comes up before the servers do.
      if (killed.includes(name))
        expect([name, pid !== before.get(name)!.pid, restarts! >= 1]).toEqual([name, true, true])
      else expect([name, pid, restarts]).toEqual([name, before.get(name)!.pid, 0])
    expect(computed(await project.run('shop', '--on', 'local'))).toEqual([])
    expect((await project.run('shop', '--on', 'local', '--set', 'load.count=8')).code).toBe(0)
  })

  it('reports that its supervisor was killed; the next one takes over live processes and restarts the others', async () => {
    const before = await processes(project)
    process.kill(pidOf(running(project).supervisor), 'SIGKILL')
    process.kill(before.get('shop/load')!.pid, 'SIGKILL')
    const told = await project.cairn('status')
    expect(told.code).toBe(1)
    expect(told.stdout).toMatch(
      /no answer +shop\/load [\s\S]*the supervisor \(process \d+\) has died[\s\S]*next {2}cairn up/,
    )
    const up = await project.cairn('up')
    expect([up.code, up.stderr]).toEqual([0, expect.stringContaining('starting another one')])
    const after = await processes(project)
    const changed = [...after].filter(([name, { pid }]) => pid !== before.get(name)!.pid)
    expect(changed.map(([name, { restarts }]) => [name, restarts])).toEqual([['shop/load', 1]])
    process.kill(after.get('shop/sum')!.pid, 'SIGKILL') // one that it has not started itself
    await expect.poll(async () => (await processes(project)).get('shop/sum')!.restarts).toBe(1)
    await expect.poll(async () => (await project.cairn('status')).code).toBe(0)
  })

  it('reads files and databases of the project there as locally', async () => {
    const found = '[["data/2026-01.csv","data/2026-02.csv"],3,"2026-01.csv",3,4]'
    for (const where of [[], ['--on', 'local']]) {
      const { steps } = await project.run('months', ...where)
      expect(steps['read-all']!.outputs?.['found']?.text, steps['read-all']!.error?.message).toBe(found)
    }
    // With hidden files in it, the project's own folder cannot be listed there, and this is said.
    const { steps } = await project.run('here', '--on', 'local')
    expect(steps['read-here']!.error!.message).toMatch(/^read-here is not allowed to read .* on this host$/)
  })

  it('reads outputs of the production run of another pipeline', async () => {
    const { run } = await project.run('shop', '--on', 'local')
    const first = await project.run('report', '--on', 'local')
    expect(first.steps['compare']!.outputs!['text']!.text).toBe('"12 of 2 4 6"')
    const shown = await project.cairn('show', 'report/latest/compare', '--on', 'local')
    expect(shown.stdout).toMatch(new RegExp(`source doubled +shop/${run}/each-numbers/n\\n`))
    expect(computed(await project.run('report', '--on', 'local'))).toEqual([])
    await project.run('shop', '--on', 'local', '--set', 'load.count=2')
    const other = await project.run('report', '--on', 'local')
    expect(other.steps['compare']!.outputs!['text']!.text).toBe('"6 of 2 4"')
  })

  it('says what is wrong with a token, a context and a pipeline', async () => {
    const { control, env } = JSON.parse(project.read('.cairn/contexts/local.json')) as {
      env: string
      control: { url: string }
    }
    project.write({
      '.cairn/contexts/stranger.json': JSON.stringify({ env, control: { url: control.url, token: 'no' } }),
    })
    expect((await project.cairn('runs', '--on', 'stranger')).stderr).toContain('send a token')
    expect((await project.cairn('runs', '--on', 'loca')).stderr).toMatch(
      /context "loca" does not exist[\s\S]*did you mean "local"/,
    )
    expect((await project.cairn('run', 'shopp', '--on', 'local')).stderr).toMatch(
      /pipeline "shopp" does not exist[\s\S]*shop/,
    )
    project.write({
      '.cairn/contexts/away.json': JSON.stringify({ env, control: { url: 'http://127.0.0.1:9', token: 'no' } }),
    })
    expect((await project.cairn('runs', '--on', 'away')).stderr).toContain('does not respond')
    project.write({ '.cairn/contexts/other.json': JSON.stringify({ env: 'other', control }) })
    const { code, stderr } = await project.cairn('runs', '--on', 'other')
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${control.url} serves environment local, not other`)])
  })

  it('hides from a step what belongs to its host: environment, credentials, secrets of others, programs', async () => {
    const environment = await project.run('curious', '--set', 'at=environment', '--on', 'local')
    expect((await project.cairn('cat', `curious/${environment.run}/look/found`, '--on', 'local')).stdout).toMatch(
      /^"?(HOME|LANG|LC_ALL|NODE_\w+|PATH|SSL_\w+|TMPDIR|TZ| )+"?\s*$/,
    )
    const refusals: Record<string, string> = {}
    for (const at of ['connection', 'context', 'secrets', 'host', 'program']) {
      const { stdout } = await project.cairn('--json', 'run', 'curious', '--set', `at=${at}`, '--on', 'local')
      const { status, steps } = JSON.parse(stdout) as RunSummary
      expect(status, at).toBe('failed')
      refusals[at] = steps['look']!.error!.message
    }
    expect(refusals).toEqual({
      connection: expect.stringMatching(/^look is not allowed to read \S*connection.json on this host$/) as string,
      context: expect.stringMatching(/^look is not allowed to read \S*contexts on this host$/) as string,
      secrets: expect.stringMatching(/^look is not allowed to read \S*secrets.json on this host$/) as string,
      host: expect.stringMatching(/^look is not allowed to read \/proc\/\d+\/environ on this host$/) as string,
      program: expect.stringMatching(/^look is not allowed to start \S* on this host$/) as string,
    })
  })

  it('opens no debugger for a step that tries to, neither in its own host nor in another process', async () => {
    const { supervisor, services } = running(project)
    const own = ['control', 'curious/look', 'shop/load'].map((name) => [name, pidOf(services[name]!)] as const)
    const asked = ['host', pidOf(supervisor), ...own.map(([, pid]) => pid)].join(' ')
    const { stdout } = await project.cairn('--json', 'run', 'curious', '--set', `at=signal ${asked}`, '--on', 'local')
    expect((JSON.parse(stdout) as RunSummary).status).toBe('completed')
    // Each of them has done something since, and so has also handled the signal.
    expect((await project.run('curious', '--set', 'at=environment', '--on', 'local')).status).toBe('completed')
    expect((await project.run('shop', '--set', 'load.count=9', '--on', 'local')).status).toBe('completed')
    const before = (await processes(project)).get('shop/double')!
    process.kill(before.pid, 'SIGKILL')
    await expect.poll(async () => (await processes(project)).get('shop/double')!.restarts).toBe(before.restarts + 1)
    for (const [name, pid] of own) expect(listeners(pid), name).toEqual({ loopback: 1, open: 0 })
    expect(listeners(pidOf(supervisor))).toEqual({ loopback: 0, open: 0 })
    await expect.poll(async () => (await project.cairn('status')).code).toBe(0)
  })

  it('has its store checked by control, which names altered and unsigned data, and repairs what can be repaired', async () => {
    const connection = readConnectionFile(project.path('.cairn/stack/connection.json'))
    const { store, close } = await openConnection(connection, { clientId: 'test' })
    const at = layout('local', 'shop')
    const unsigned = at.plan('1-unsigned')
    const run = await project.run('shop', '--on', 'local', '--set', 'load.count=100')
    const doctor = async (...args: string[]) => {
      const { code, stdout, stderr } = await project.cairn('--json', 'doctor', '--on', 'local', ...args)
      if (stdout === '') throw new Error(stderr)
      return { code, ...(JSON.parse(stdout) as { sound: boolean; pipelines: Record<string, Checkup> }) }
    }
    expect(await doctor('--bytes')).toMatchObject({ code: 0, sound: true })
    const { digest } = run.steps['load']!.outputs!['numbers']!
    const object = at.object(digest)
    const bytes = (await store.read(object))!
    const other = Buffer.from(bytes)
    other[other.length - 2]! ^= 1
    expect(await store.replace(object, bytes, other)).toBe(true)
    const { signature: _, ...plan } = (await readRecord<Plan>(store, at.plan(run.run)))!
    await store.create(unsigned, encodeRecord({ ...plan, run: '1-unsigned' }, unsigned))
    await store.create(at.end(run.run, 'nothing'), Buffer.from('{"v":1'))
    const path = (what: string) => expect.stringMatching(new RegExp(`^local/shop/${what}`)) as string
    const found = [
      { path: object, what: 'its content does not match its digest' },
      { path: path('checkpoints/load/'), what: expect.stringContaining(digest) as string },
      { path: at.end(run.run, 'nothing'), what: expect.stringContaining('is not valid JSON') as string },
      { path: path(`runs/${run.run}/`), what: expect.stringContaining(digest) as string },
      { path: unsigned, what: expect.stringContaining('is not signed') as string },
    ]
    const all = await doctor('--bytes')
    expect(all).toMatchObject({ code: 1, sound: false })
    expect(all.pipelines['shop']!.findings).toEqual(
      expect.arrayContaining(found.map((each) => expect.objectContaining(each) as object)),
    )
    expect(all.pipelines['shop']!.checked.read).toBe(all.pipelines['shop']!.checked.bytes)
    const unread = await doctor('--bytes', '0%')
    expect(unread.pipelines['shop']!.checked.read).toBe(0)
    expect(unread.pipelines['shop']!.findings.map(({ path }) => path)).not.toContain(object)
    const told = (await project.cairn('doctor', '--on', 'local', '--bytes')).stdout
    expect(told).toContain(`${object}\n    its content does not match its digest\n    repair: moved to quarantine/`)
    expect(told).toMatch(/^ok {2}curious {2}[\d,]+ runs/m)
    expect(told).toMatch(/^next {2}cairn doctor --on local --repair$|^next {2}cairn doctor --repair --on local$/m)
    expect((await project.cairn('doctor', '--bytes', 'some', '--on', 'local')).stderr).toContain('write --bytes 10%')

    await doctor('--bytes', '--repair')
    expect(await store.stat(object)).toBeUndefined()
    const again = await project.run('shop', '--on', 'local', '--set', 'load.count=100')
    expect([again.code, computed(again), outputs(again)]).toEqual([0, ['load'], outputs(run)])
    const left = (await doctor('--bytes')).pipelines['shop']!.findings
    expect(left.map(({ path }) => path)).toEqual([unsigned])
    await store.remove(unsigned)
    await close()
  })

  it('prints what its steps printed, and what each service logs', async () => {
    const logs = await project.cairn('logs', 'shop/sum', '-n', '1000')
    expect(logs.stdout).toMatch(/info +shop\/sum summing run=\S+ node=sum/)
  })

  it('is up again with all its data after everything was killed, and only once if several start it at a time', async () => {
    await project.run('shop', '--on', 'local')
    const tokens = project.path('.cairn/stack/tokens.json')
    const added = { name: 'viewer', sha256: 'a'.repeat(64), pipelines: ['shop'], rights: ['read'] }
    writeFileSync(tokens, JSON.stringify([...(JSON.parse(readFileSync(tokens, 'utf8')) as object[]), added]))
    const { supervisor, services } = running(project)
    for (const name of [supervisor, ...Object.values(services)]) process.kill(pidOf(name), 'SIGKILL')
    const dies = project.start('up')
    await expect.poll(() => existsSync(project.path('.cairn/stack/lock'))).toBe(true)
    dies.kill('SIGKILL')
    const all = await Promise.all([project.cairn('up'), project.cairn('up'), project.cairn('up')])
    expect(all.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual(all.map(() => [0, '']))
    const found = await processes(project)
    expect(servicesOf(project.path('.cairn/stack'))).toEqual([...found.keys()].sort())
    expect(JSON.parse(readFileSync(tokens, 'utf8'))).toEqual([expect.objectContaining({ name: 'local' }), added])
    expect(computed(await project.run('shop', '--on', 'local'))).toEqual([])
  })

  it('is taken down completely, even processes without a supervisor or a record', async () => {
    const { supervisor, services } = running(project)
    process.kill(pidOf(supervisor), 'SIGKILL')
    process.kill(pidOf(services['shop/sum']!), 'SIGSTOP')
    rmSync(project.path('.cairn/stack/running.json'))
    expect((await project.cairn('down')).stdout).toContain('stopped')
    expect([supervisor, ...Object.values(services)].filter((name) => !isGone(name))).toEqual([])
    expect(servicesOf(project.path('.cairn/stack'))).toEqual([])
    expect((await project.cairn('status')).code).toBe(1)
    expect((await project.cairn('runs', '--on', 'local')).stderr).toContain('does not respond')
    expect(await project.cairn('down')).toMatchObject({
      code: 0,
      stdout: 'nothing was running; stored data is kept\n',
    })
  })
})

interface Found {
  readonly name: string
  readonly pid: number
  readonly restarts: number
}

async function processes(project: CliProject): Promise<ReadonlyMap<string, Found>> {
  const { services } = JSON.parse((await project.cairn('--json', 'status')).stdout) as { services: Found[] }
  return new Map(services.map((service) => [service.name, service]))
}

function running(project: CliProject): { supervisor: string; services: Record<string, string> } {
  return JSON.parse(readFileSync(project.path('.cairn/stack/running.json'), 'utf8')) as ReturnType<typeof running>
}
