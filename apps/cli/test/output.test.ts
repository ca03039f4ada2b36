import { describe, expect, it } from 'vitest'
import { CliProject, exit } from './project.fixture.ts'

const SECRET = 's e/c"ret+öx'
const ENV = { CAIRN_SECRET_TOKEN: SECRET, CAIRN_SECRET_KEY: '-----BEGIN-----\nMIIEvQIBADAN\nhunter\n-----END-----' }
const HEAD = `import { existsSync, writeFileSync, writeSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { each, list, pipeline, step } from '@cairn/kernel'
import { file, json, metrics, table } from '@cairn/kinds'
const Int = json<number>()
`
const linesOf = (text: string, task: string) =>
  text.split('\n').flatMap((line) => (line.startsWith(`${task} | `) ? [line.slice(task.length + 3)] : []))

describe('what a step prints', () => {
  it('is shown in full and under its name, however much it is and however it is written', async () => {
    const project = new CliProject({
      'talk.pipeline.ts': `${HEAD}
export const many = step('many', { outputs: { n: Int }, secrets: ['TOKEN'], cache: 'never', run: (_, __, { secrets }) => {
  for (let n = 0; n < 20_000; n++) console.log('line ' + n + ' ' + secrets.TOKEN)
  setTimeout(() => console.log('too late ' + secrets.TOKEN), 5)
  spawn('sh', ['-c', 'trap "" PIPE; until [ -e speak ]; do sleep 0.01; done; echo from a child that stays; touch spoken'], { stdio: 'inherit', detached: true }).unref()
  return { n: 1 }
} })
export const ways = step('ways', { inputs: { n: Int }, outputs: { n: Int }, cache: 'never', run: async ({ n }) => {
  writeSync(1, 'written to the descriptor\\n')
  spawnSync('echo', ['from a child'], { stdio: 'inherit' })
  process.stdout.write(Buffer.from([0xf0, 0x9f]))
  await new Promise((done) => setTimeout(done, 20))
  process.stdout.write(Buffer.from([0x94, 0x91, 0x20, 0xff, 0x0a]))
  process.stdout.write('10%\\r50%\\r')
  await new Promise((done) => setTimeout(done, 20))
  process.stdout.write('\\r\\n100%\\r\\n')
  process.stdout.write('x'.repeat(1_000_000))
  writeFileSync('speak', '')
  while (!existsSync('spoken')) await new Promise((later) => setTimeout(later, 5))
  return { n }
} })
export const leaves = step('leaves', { inputs: { n: Int }, outputs: { n: Int }, run: () => {
  console.log('y'.repeat(100_000))
  process.stdout.write('the last words')
  process.exit(3)
} })
export const talk = pipeline('talk', () => leaves(ways(many({}))))
`,
    })
    const { stderr } = await project.cairnWith(ENV, 'run', 'talk', '--jobs', '1')
    expect(linesOf(stderr, 'many')).toEqual(Array.from({ length: 20_000 }, (_, n) => `line ${n} ***`))
    expect(linesOf(stderr, 'ways').map((line) => line.slice(0, 30))).toEqual([
      'written to the descriptor',
      'from a child',
      '🔑 �',
      '10%',
      '50%',
      '',
      '100%',
      'x'.repeat(30),
    ])
    expect(linesOf(stderr, 'ways').at(-1)).toMatch(/^x{16384} … and 983,616 more characters$/)
    expect(linesOf(stderr, 'leaves').map((line) => line.length)).toEqual([
      16_384 + ' … and 83,616 more characters'.length,
      14,
    ])
    expect(stderr).not.toMatch(/too late|a child that stays/)
  })

  it('is stored for each item, and printed by cairn logs', async () => {
    const project = new CliProject({
      'items.pipeline.ts': `${HEAD}
export const numbers = step('numbers', { outputs: { all: list(Int) }, run: () => ({ all: [10, 20, 30] }) })
export const say = step('say', { inputs: { n: Int }, outputs: { n: Int }, secrets: ['TOKEN'], retry: { times: 1, backoff: '1ms' },
  run: ({ n }, __, { secrets }) => {
    console.log('item of ' + n)
    process.stdout.write(secrets.TOKEN.slice(0, 5)); process.stdout.write(secrets.TOKEN.slice(5))
    if (n === 20) throw new Error('not 20')
    return { n }
  } })
export const sum = step('sum', { inputs: { all: list(Int) }, outputs: { n: Int }, run: async ({ all }) => ({ n: (await all.all()).length }) })
export const items = pipeline('items', () => sum({ all: each(numbers({}).all, (n) => say({ n }), { batch: 2 }).n }))
`,
    })
    const ran = await project.cairnWith(ENV, 'run', 'items', '--jobs', '1')
    expect(ran.stderr).toContain('item of 30')
    const { stdout } = await project.cairn('logs', 'items/latest')
    expect(stdout).not.toContain(SECRET)
    expect(stdout.trimEnd().split('\n')).toEqual([
      'say/0 | item of 10',
      'say/0 | ***',
      'say/1 | item of 20',
      'say/1 | ***',
      'say/1 attempt 2 | item of 20',
      'say/1 attempt 2 | ***',
      'say/2 | item of 30',
      'say/2 | ***',
    ])
    expect((await project.cairn('logs', 'items/latest/say/2')).stdout).toBe('item of 30\n***\n')
    const json = await project.cairn('--json', 'logs', 'items/latest/say/1', '--lines', '1')
    expect(JSON.parse(json.stdout)).toMatchObject({ step: 'say', item: '1', attempt: 2, stream: 'stdout', line: '***' })
    const failed = await project.cairn('show', 'items/latest/say/1')
    expect(failed.code).toBe(0)
  })

  it('is stored, and the summary shows the last lines of a failed step', async () => {
    const project = new CliProject({
      'fails.pipeline.ts': `${HEAD}
export const fine = step('fine', { outputs: { n: Int }, run: () => (console.log('all is well'), { n: 1 }) })
export const fails = step('fails', { inputs: { n: Int }, outputs: { n: Int }, run: () => {
  for (let n = 0; n < 300_000; n++) console.log('a line of some length, number ' + n)
  throw new Error('at the end')
} })
export const both = pipeline('both', () => fails(fine({})))
`,
    })
    const { stdout, stderr } = await project.cairn('run', 'both', '--progress', 'none')
    expect(stderr).toBe('')
    expect(stdout).toContain('at the end')
    expect(stdout).toMatch(/number 299998\n.*number 299999\n/)
    const logs = (await project.cairn('logs', 'both/latest/fails')).stdout.trimEnd().split('\n')
    expect(logs[0]).toBe('a line of some length, number 0')
    expect(logs.at(-1)).toBe('a line of some length, number 299999')
    const left = logs.findIndex((line) => line.startsWith('… '))
    const count = Number(/^… ([\d,]+) lines omitted …$/.exec(logs[left]!)![1]!.replaceAll(',', ''))
    expect(logs.length - 1 + count).toBe(300_000)
    expect(logs[left + 1]).toBe(`a line of some length, number ${left + count}`)
    await project.cairn('run', 'both', '--until', 'fine', '--progress', 'none')
    const reused = await project.cairn('logs', 'both/latest/fine')
    expect(reused.stderr).toMatch(/fine of \S+ was reused from another run[^]*cairn logs both\/\S+\/fine/)
  })
})

describe('the output of a step whose process is killed', () => {
  it('is kept except for the last seconds', async () => {
    const project = new CliProject({
      'long.pipeline.ts': `${HEAD}
export const long = step('long', { outputs: { n: Int }, run: async () => {
  console.log('begun')
  await new Promise((done) => setTimeout(done, 600_000))
  return { n: 1 }
} })
export const all = pipeline('all', () => long({}))
`,
    })
    const running = project.start('run', 'all', '--progress', 'none')
    const parts = () => project.stored('local/all/runs').filter((file) => file.includes('/logs/'))
    await expect.poll(parts, { timeout: 60_000 }).toHaveLength(1)
    running.kill('SIGKILL')
    await exit(running)
    const { stdout } = await project.cairn('logs', 'all/latest/long')
    expect(stdout).toBe('begun\n')
  }, 90_000)
})

describe('a secret', () => {
  it('that a step returns is refused and named, in any kind and encoding', async () => {
    const outputs: Readonly<Record<string, readonly [kind: string, value: string]>> = {
      plain: ['json<string>()', 'secrets.TOKEN'],
      encoded: ['json<string>()', `'Basic ' + Buffer.from('me:' + secrets.TOKEN).toString('base64')`],
      rows: [`table({ who: 'string' })`, '[{ who: "me" }, { who: encodeURIComponent(secrets.TOKEN) }]'],
      listed: [`list(table({ who: 'string' }))`, '[[{ who: secrets.TOKEN }]]'],
      written: ['file()', `(writeFileSync(scratch + '/f', 'a'.repeat(5000) + secrets.TOKEN), scratch + '/f')`],
    }
    const steps = Object.entries(outputs)
    const project = new CliProject({
      'tell.pipeline.ts': `${HEAD}
${steps.map(([name, [kind, value]]) => `export const ${name} = step('${name}', { outputs: { out: ${kind} }, secrets: ['TOKEN', 'KEY'], run: (_, __, { secrets, scratch }) => ({ out: ${value} }) })`).join('\n')}
export const tell = pipeline('tell', () => ({ ${steps.map(([name]) => `${name}: ${name}({}).out`).join(', ')} }))
`,
    })
    const { stdout } = await project.cairnWith(ENV, '--json', 'run', 'tell')
    const { steps: ended } = JSON.parse(stdout) as {
      steps: Record<string, { error?: { code: string; message: string } }>
    }
    for (const [name] of steps)
      expect(ended[name]?.error, name).toMatchObject({
        code: 'BAD_OUTPUT',
        message: `output "out" of ${name} contains the secret TOKEN`,
      })
    for (const path of project.stored()) expect(project.read(`.cairn${path}`), path).not.toContain(SECRET)
  })

  it('is masked in every character set and normal form, and in its short lines, even if it is a long key', async () => {
    const project = new CliProject({
      'keys.pipeline.ts': `${HEAD}
export const say = step('say', { outputs: { n: Int }, secrets: ['WORD', 'LINES', 'LONG'], run: async (_, __, { secrets }) => {
  const { WORD, LINES, LONG } = secrets
  console.log('1', WORD.normalize('NFD'), escape(WORD), encodeURIComponent(JSON.stringify(WORD)))
  for (const set of ['latin1', 'utf16le'] as const) {
    for (const as of ['base64', 'hex'] as const) console.log('2', Buffer.from(WORD, set).toString(as))
    process.stdout.write(Buffer.concat([Buffer.from('3 '), Buffer.from(WORD, set), Buffer.from('\\n')]))
  }
  for (const line of LINES.split('\\n')) { console.log('4 ' + line); await new Promise((later) => setTimeout(later, 5)) }
  console.log('5 xy z7')
  console.log('6 ' + JSON.stringify(LONG))
  console.log('7 ' + LONG.split('\\n')[7])
  return { n: 1 }
} })
export const fails = step('fails', { outputs: { n: Int }, secrets: ['LINES', 'LONG'], run: (_, __, { secrets }) => {
  throw new Error(secrets.LINES + Buffer.from(secrets.LONG.trim()).toString('base64'))
} })
export const returns = step('returns', { outputs: { n: json<string>() }, secrets: ['LONG'], run: (_, __, { secrets }) => ({ n: secrets.LONG }) })
export const keys = pipeline('keys', () => ({ a: say({}).n, b: fails({}).n, c: returns({}).n }))
`,
    })
    const bytes = Buffer.from(Array.from({ length: 2400 }, (_, at) => (at * at * 31) % 251)).toString('base64')
    const secrets = {
      CAIRN_SECRET_WORD: 'pässwörd-"q',
      CAIRN_SECRET_LINES: '-----BEGIN-----\nabcd1234\n\nxy\nz7\nEFGH5678==\n-----END-----\n',
      CAIRN_SECRET_LONG: `-----BEGIN KEY-----\n${bytes.replace(/.{64}/g, '$&\n')}\n-----END KEY-----\n`,
    }
    const { stdout } = await project.cairnWith(secrets, '--json', 'run', 'keys')
    const { steps } = JSON.parse(stdout) as { steps: Record<string, { error?: { message: string } }> }
    expect(steps['fails']?.error?.message.replace(/[\s*]+/g, '*').replace(/=+$/, '')).toBe('*')
    expect(steps['returns']?.error?.message).toBe('output "n" of returns contains the secret LONG')
    const { stdout: logs } = await project.cairn('logs', 'keys/latest/say')
    expect(
      logs
        .trim()
        .split('\n')
        .map((line) => line.replace(/=+$/, '')),
    ).toEqual([
      '1 *** *** %22***%22',
      ...['2 ***', '2 ***', '3 ***', '2 ***', '2 ***', '3 ***'],
      ...['4 ***', '4 ***', '4 ', '4 ***', '4 ***', '4 ***', '4 ***', '4 '],
      '5 xy z7',
      expect.stringMatching(/^6 "\*\*\*(\\n)?"$/),
      '7 ***',
    ])
  }, 60_000)

  it('that is too short to be masked is refused', async () => {
    const project = new CliProject({
      'short.pipeline.ts': `${HEAD}
export const short = step('short', { outputs: { n: Int }, secrets: ['TOKEN'], run: () => ({ n: 1 }) })
export const all = pipeline('all', () => short({}))
`,
    })
    const { stdout, code } = await project.cairnWith({ CAIRN_SECRET_TOKEN: '42' }, 'run', 'all')
    expect(code).toBe(3)
    expect(stdout).toContain('the secret TOKEN of short has fewer than 4 characters')
  })
})

it("prints only one JSON document with --json, whatever the project's modules print while they load", async () => {
  const loud = new CliProject({
    'loud.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
console.log('loaded')
process.stdout.write('half a line')
setTimeout(() => console.log('later'), 20)
export const s = step('s', { outputs: { v: json() }, run: () => ({ v: 1 }) })
export const loud = pipeline('loud', () => (console.info('built'), s({})))
`,
  })
  for (const args of [['run'], ['plan'], ['why', 'loud'], ['graph'], ['play'], ['lint'], ['cat', 'loud/latest/s/v']]) {
    const { stdout, stderr } = await loud.cairn('--json', ...args)
    expect(() => JSON.parse(stdout) as unknown, `${args.join(' ')}: ${stdout}`).not.toThrow()
    expect(stderr, args.join(' ')).toContain('loaded')
  }
  const broken = await loud.cairn('--json', 'plan', 'nope')
  expect(JSON.parse(broken.stdout)).toMatchObject({ error: { code: 'NOT_FOUND' } })
})
