import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { CAIRN, CliProject, NODE } from './project.fixture.ts'

/** Far more than a pipe takes before somebody reads. */
const ROWS = 40_000

describe('a pipe that its reader has closed', () => {
  let project: CliProject
  beforeAll(async () => {
    project = new CliProject({
      'long.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const write = step('write', { outputs: { rows: json<number[]>() }, run: () => {
  for (let n = 0; n < ${ROWS}; n++) console.log('line ' + n)
  return { rows: Array.from({ length: ${ROWS} * 10 }, (_, n) => n) }
} })
export const long = pipeline('long', () => write({}))
`,
    })
    await project.run('long')
  })

  /** How a command ends that another one reads. */
  const piped = async (command: string, reader: string) => {
    const line = `"${NODE}" "${CAIRN}" ${command} | ${reader}; exit \${PIPESTATUS[0]}`
    const child = spawn('bash', ['-c', line], { cwd: project.root, stdio: ['ignore', 'ignore', 'pipe'] })
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number]>])
    return { code, stderr }
  }

  it.each([
    'cat long/latest/write --raw',
    'cat long/latest/write --json -n 100000',
    'logs long/latest',
    'logs long/latest --json',
  ])('ends cairn %s as SIGPIPE would, without a word', async (command) => {
    expect(await piped(command, 'head -c 20')).toEqual({ code: 141, stderr: '' })
  })

  it('is none where all of it was read', async () => {
    expect(await piped('cat long/latest/write --raw', 'cat > /dev/null')).toEqual({ code: 0, stderr: '' })
  })
})
