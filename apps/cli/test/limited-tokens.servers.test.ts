import { hash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { openConnection, readConnectionFile } from '@cairn/drivers/connection'
import { runEvent, type Plan } from '@cairn/records'
import { CliProject, exit, printed, type Ended } from './project.fixture.ts'

/** A step of its own name, so that each pipeline has stages of its own; one run of it goes on until a file appears. */
const pipelineNamed = (name: string) => `import { existsSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
// too long to be kept in a record
export const note = step('note', { outputs: { text: json<string>() }, run: () => ({ text: 'note '.repeat(2_000) }) })
export const load = step('load', {
  params: z.object({ count: z.number().default(3), until: z.string().default('') }),
  outputs: { n: Int },
  acknowledge: ['files', 'clock'],
  run: async (_, { count, until }) => {
    console.log('loading ' + count)
    while (until !== '' && !existsSync(until)) await new Promise((done) => setTimeout(done, 10))
    return { n: count }
  },
})
export const double = step('double', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * 2 }) })
export const ${name} = pipeline('${name}', () => {
  note({})
  return double(load({}))
})
`
const ALL = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect']

/** What a command is given, and which rights that takes. */
interface Given {
  readonly args: (pipeline: string) => readonly string[]
  readonly rights: readonly string[]
  /** On standard output where it works; of what takes no pipeline, of the one that the token is for. */
  readonly says: RegExp
  /** Lines on standard input. */
  readonly typed?: readonly string[]
  /** Without a pipeline it is about all that the token is for. */
  readonly isOfAll?: true
}
const SOON = { timeout: 300_000, interval: 200 }
/** Commands that ask no service. */
const ASK_NONE = ['graph', 'playgrounds', 'up', 'down', 'status', 'lint', 'check', 'new', 'completion']

describe.skipIf(!inject('servers'))('a token for one of two pipelines', () => {
  const project = new CliProject({
    'held/until': 'go-on is here',
    'shop.pipeline.ts': pipelineNamed('shop'),
    'bank.pipeline.ts': pipelineNamed('bank'),
  })
  const runs: Record<string, readonly [string, string]> = {}
  const letters: Record<string, readonly [string, string]> = {}
  const played: Record<string, string> = {}
  const on = (context: string, ...args: string[]) => project.cairn(...args, '--on', context)

  beforeAll(async () => {
    const { code, stderr } = await project.cairn('up')
    if (code !== 0) throw new Error(stderr)
    await giveTokens()
    for (const pipeline of ['shop', 'bank']) {
      const [one, other] = [await project.run(pipeline, '--on', 'local'), await started(pipeline, '4')]
      runs[pipeline] = [one.run, other]
      await project.run(pipeline)
      const tried = await on('local', '--json', 'play', pipeline, '--set', 'load.count=4')
      played[pipeline] = (JSON.parse(tried.stdout) as { run: string }).run
      letters[pipeline] = await lettersOf(pipeline)
    }
    await vi.waitUntil(async () => (await on(contextOf(ALL), 'runs', 'shop')).code === 0, SOON)
  })
  afterAll(async () => {
    await project.cairn('down')
  })

  const started = async (pipeline: string, count: string) =>
    (await project.run(pipeline, '--on', 'local', '--set', `load.count=${count}`)).run
  /** Messages that each stage of a pipeline has given up. */
  const lettersOf = async (pipeline: string) => {
    const connection = readConnectionFile(project.path('.cairn/stack/connection.json'))
    const { bus, close } = await openConnection(connection, { clientId: 'test' })
    const lost = ['lost-1', 'lost-2'].map((run) => runEvent({ env: 'local', pipeline, run } as Plan, 'run-started', 0))
    await bus.publish(`cairn.local.${pipeline}`, lost)
    await close()
    const list = async () => {
      const { stdout } = await on('local', '--json', 'dead-letters', 'list', pipeline)
      return (JSON.parse(stdout) as { letters: { id: string; groups: object[] }[] }).letters
    }
    const isGivenUp = async () => String((await list()).map(({ groups }) => groups.length)) === '3,3'
    await vi.waitUntil(isGivenUp, SOON)
    const [one, other] = await list()
    return [one!.id, other!.id] as const
  }

  const contextOf = (rights: readonly string[]) => rights.join('-')
  /** For shop alone: all rights, each alone, and what commands take and lack. */
  const giveTokens = async () => {
    const sets = [ALL, ...ALL.map((right) => [right]), ...Object.values(COMMANDS).flat().flatMap(neededAndLacking)]
    const { control, env } = JSON.parse(project.read('.cairn/contexts/local.json')) as { env: string; control: object }
    const tokens = JSON.parse(project.read('.cairn/stack/tokens.json')) as object[]
    for (const [context, rights] of new Map(sets.map((rights) => [contextOf(rights), rights]))) {
      tokens.push({ name: context, sha256: hash('sha256', context), pipelines: ['shop'], rights })
      const known = { env, control: { ...control, token: context } }
      project.write({ [`.cairn/contexts/${context}.json`]: JSON.stringify(known) })
    }
    project.write({ '.cairn/stack/tokens.json': JSON.stringify(tokens) })
  }
  const neededAndLacking = ({ rights }: Given) => [rights, ...lacking(rights).map(([, left]) => left)]
  /** Each right, and all the others of a command that takes several. */
  const lacking = (rights: readonly string[]) =>
    rights.length === 1 ? [] : rights.map((right) => [right, rights.filter((other) => other !== right)] as const)

  /** By command; what changes something comes last. */
  const COMMANDS: Readonly<Record<string, readonly Given[]>> = {
    runs: [
      { args: (pipeline) => ['runs', pipeline], rights: ['read'], says: /^shop\/\S+ +completed /m },
      { args: () => ['runs'], rights: ['read'], says: /^shop\/\S+ +completed /m, isOfAll: true },
    ],
    plan: [{ args: (pipeline) => ['plan', pipeline], rights: ['read'], says: /load +reuse/ }],
    why: [{ args: (pipeline) => ['why', pipeline, 'load'], rights: ['read'], says: /HIT/ }],
    show: [{ args: (pipeline) => ['show', `${pipeline}/latest`], rights: ['read'], says: /completed {2}shop\// }],
    cat: [{ args: (pipeline) => ['cat', `${pipeline}/${runs[pipeline]![1]}/double`], rights: ['read'], says: /^8$/m }],
    diff: [
      {
        args: (pipeline) => ['diff', ...runs[pipeline]!.map((run) => `${pipeline}/${run}`)],
        rights: ['read'],
        says: /count/,
      },
      { args: (pipeline) => ['diff', 'shop/latest', `${pipeline}/latest`], rights: ['read'], says: /the same/ },
    ],
    follow: [{ args: (pipeline) => ['follow', `${pipeline}/latest`], rights: ['read'], says: /completed {2}shop\// }],
    logs: [
      {
        args: (pipeline) => ['logs', `${pipeline}/${runs[pipeline]![1]}`],
        rights: ['read'],
        says: /^load \| loading 4$/m,
      },
    ],
    play: [{ args: (pipeline) => ['play', pipeline, '--plan'], rights: ['read'], says: /load +reuse/ }],
    explore: [
      { args: (pipeline) => ['explore', pipeline], typed: ['.show double'], rights: ['read'], says: /^[68]$/m },
    ],
    pull: [
      { args: (pipeline) => ['pull', `${pipeline}/latest`], rights: ['read'], says: /^shop\/\S+ .*objects copied/m },
      { args: () => ['pull'], rights: ['read'], says: /^shop\/\S+ .*objects copied/m, isOfAll: true },
    ],
    push: [
      {
        args: (pipeline) => ['push', `${pipeline}/latest`],
        rights: ['adopt', 'read'],
        says: /^shop\/\S+ .*objects copied/m,
      },
    ],
    'dead-letters': [
      { args: (pipeline) => ['dead-letters', 'list', pipeline], rights: ['read'], says: /^shop\/\d/m },
      { args: () => ['dead-letters', 'list'], rights: ['read'], says: /^shop\/\d/m, isOfAll: true },
      { args: () => ['dead-letters', 'export'], rights: ['read'], says: /"pipeline":"shop"/, isOfAll: true },
      {
        args: (pipeline) => ['dead-letters', 'show', `${pipeline}/${letters[pipeline]![0]}`],
        rights: ['read'],
        says: /given up by/,
      },
      {
        args: (pipeline) => ['dead-letters', 'replay', `${pipeline}/${letters[pipeline]![0]}`],
        rights: ['replay'],
        says: /^replayed {2}shop/,
      },
      {
        args: (pipeline) => ['dead-letters', 'drop', `${pipeline}/${letters[pipeline]![1]}`],
        rights: ['replay'],
        says: /^dropped {2}shop/,
      },
    ],
    cancel: [
      {
        args: (pipeline) => ['cancel', `${pipeline}/${runs[pipeline]![0]}`],
        rights: ['cancel'],
        says: /^completed {2}shop\/\S+ ended before/,
      },
      {
        args: (pipeline) => ['cancel', `${pipeline}/latest`],
        rights: ['read', 'cancel'],
        says: /^completed {2}shop\/\S+ ended before/,
      },
    ],
    run: [
      { args: (pipeline) => ['run', pipeline], rights: ['run', 'read'], says: /completed {2}shop\// },
      { args: (pipeline) => ['run', pipeline, '--detach'], rights: ['run'], says: /^shop\/\S+\n$/ },
    ],
    parity: [
      {
        args: (pipeline) => ['parity', pipeline, '--step', 'double'],
        rights: ['read', 'run'],
        says: /the same bytes +/,
      },
    ],
    promote: [
      {
        args: (pipeline) => ['promote', `${pipeline}/${played[pipeline]}`],
        rights: ['read', 'run', 'promote'],
        says: /promoted {2}shop\//,
      },
    ],
    rollback: [
      { args: (pipeline) => ['rollback', pipeline], rights: ['read', 'promote'], says: /rolled back {2}shop\// },
    ],
    doctor: [{ args: () => ['doctor'], rights: ['read', 'collect'], says: /^ok {2}shop /m, isOfAll: true }],
    gc: [{ args: () => ['gc'], rights: ['read', 'collect'], says: /^shop {2}keeps /m, isOfAll: true }],
  }

  const given = ({ args, typed = [] }: Given, pipeline: string, context: string) =>
    project.cairnTyping(typed, ...args(pipeline), '--on', context)
  /** The errors that were told, of which there is to be one. */
  const errors = ({ stderr }: Ended) => stderr.split('\n').flatMap((line) => /^error {2}(.*)/.exec(line)?.[1] ?? [])

  it('is tried with every command', async () => {
    const { stdout } = await project.cairn('complete', '--', '')
    expect(stdout.trim().split('\n').sort()).toEqual([...Object.keys(COMMANDS), ...ASK_NONE].sort())
  })

  it.each(Object.keys(COMMANDS))(
    'is refused %s for the other pipeline, and without a right that it needs',
    async (name) => {
      for (const one of COMMANDS[name]!) {
        const all = contextOf(ALL)
        const lacks = (context: string, right: string, pipeline: string) =>
          [expect.stringContaining(`the token of ${context} lacks the right "${right}" for ${pipeline}`)] as unknown[]
        if (!one.isOfAll) {
          const refused = await given(one, 'bank', all)
          expect(refused.code, one.args('bank').join(' ')).toBe(1)
          expect(errors(refused)).toEqual([expect.stringMatching(/lacks the right "\w+" for bank$/)])
          expect(refused.stderr).toContain('next   use a token with this right')
        }
        for (const [right, left] of lacking(one.rights)) {
          const refused = await given(one, 'shop', contextOf(left))
          expect(refused.code, `${one.args('shop').join(' ')} without ${right}`).toBe(1)
          const isUnseen = one.isOfAll || errors(refused)[0]?.includes('any pipeline')
          expect(errors(refused)).toEqual(lacks(contextOf(left), right, isUnseen && right === 'read' ? 'any' : 'shop'))
        }
      }
    },
  )

  it.each(Object.keys(COMMANDS))('may %s for its own pipeline, with the rights that it needs', async (name) => {
    for (const one of COMMANDS[name]!) {
      const { code, stdout, stderr } = await given(one, 'shop', contextOf(one.rights))
      expect([code, stdout], stderr).toEqual([0, expect.stringMatching(one.says)])
      expect(stdout + stderr).not.toContain('bank')
    }
  })

  it('finds a run by each of its names, and explains how to name one otherwise', async () => {
    const [, run] = runs['shop']!
    for (const name of ['shop', 'shop/latest', `shop/${run}`, `shop/${run.slice(-5)}`, 'shop/production'])
      expect(await on('read', 'show', name), name).toMatchObject({ code: 0 })
    for (const name of ['latest', run]) {
      const { code, stderr } = await on('read', 'show', name)
      expect([code, stderr], name).toEqual([
        1,
        `error  "${name}" names a run without its pipeline\nnext   write shop/${name}\n`,
      ])
    }
    const other = await on('read', 'show', runs['bank']![1])
    expect(errors(other)).toEqual([`there are no runs of a pipeline "${runs['bank']![1]}"`])
    expect((await on('local', 'show', 'shopp/latest')).stderr).toMatch(
      /no runs of a pipeline "shopp"\nnext {3}did you mean "shop"/,
    )
  })

  it('starts a run that it may not read and says so, and cancels one by its full name', async () => {
    const until = ['--set', 'load.until=held/go-on']
    const unseen = await on('run', 'run', 'shop', ...until)
    expect(unseen.code).toBe(1)
    const [, run] =
      /^shop\/(\S+) was started and continues, but its progress cannot be shown: /.exec(errors(unseen)[0] ?? '') ?? []
    expect(unseen.stderr).toContain('lacks the right "read" for shop\nnext   start runs with --detach')

    const follower = project.start('follow', `shop/${run}`, '--on', 'read', '--progress', 'plain')
    await printed(follower, 'load  running')
    const shown = async () => (await on('read', 'show', `shop/${run}`)).stdout
    const going = await shown()
    expect(going).toContain(`next  cairn follow shop/${run} --on read\n      cairn cancel shop/${run} --on read\n`)
    expect(going).not.toContain('to continue')
    expect((await on('cancel', 'cancel', `shop/${run}`)).stdout).toBe(`cancelled  shop/${run}\n`)
    expect(await exit(follower)).toBe(2)
    expect(await shown()).toMatch(new RegExp(`next {2}cairn show shop/${run} --on read\n$`))
  })
})
