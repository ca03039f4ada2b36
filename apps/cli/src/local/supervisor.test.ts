import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePorts } from '@cairn/drivers/free-ports'
import { expect, it, vi } from 'vitest'
import { Stack, type Service } from './stack.ts'

it('the supervisor replaces a service that has answered and no longer does, such as a frozen one', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cairn-supervisor-'))
  writeFileSync(join(root, 'package.json'), '{ "cairn": {} }')
  const answered = join(root, 'answered')
  const [port] = await freePorts([undefined])
  const program = `require('node:http').createServer((_, answer) => {
    require('node:fs').appendFileSync(${JSON.stringify(answered)}, process.pid + ' ')
    answer.end('{}')
  }).listen(${port}, '127.0.0.1')`
  const url = `http://127.0.0.1:${port}`
  const service: Service = {
    name: 'one',
    program: process.execPath,
    args: ['-e', program],
    env: {},
    url,
    probe: 'http',
    version: '1',
  }
  const stack = new Stack(root)
  mkdirSync(dirname(stack.servicesFile), { recursive: true })
  writeFileSync(stack.servicesFile, JSON.stringify([service]))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts'), root], {
    env: { ...process.env, CAIRN_SILENT: '3' },
    stdio: 'inherit',
  })
  const pids = () => [...new Set(existsSync(answered) ? readFileSync(answered, 'utf8').trim().split(' ') : [])]
  try {
    const before = await vi.waitUntil(() => pids().length > 0 && pids(), 60_000)
    process.kill(Number(before.at(-1)), 'SIGSTOP')
    await vi.waitUntil(() => pids().length > before.length, 120_000)
    expect(stack.running!.watch!['one']!.ended).toBe('no longer answered')
  } finally {
    child.kill('SIGTERM')
    await new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(undefined)))
    rmSync(root, { recursive: true, force: true })
  }
}, 240_000)

it.skipIf(!existsSync('/dev/full'))(
  'the supervisor outlives a log that cannot be written, and works again afterwards',
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'cairn-supervisor-'))
    writeFileSync(join(root, 'package.json'), '{ "cairn": {} }')
    const stack = new Stack(root)
    mkdirSync(dirname(stack.servicesFile), { recursive: true })
    // Each check reads the pipe once, and writes an error to the log, as what it reads is not JSON.
    execFileSync('mkfifo', [stack.servicesFile])
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts'), root], {
      stdio: ['ignore', full, full],
    })
    try {
      const ended = new Promise<string>((done) => child.once('exit', (code) => done(`it ended with ${code}`)))
      for (let checks = 0; checks < 5; checks++)
        expect(await Promise.race([untilRead(stack.servicesFile), ended])).toBeUndefined()
      const service: Service = {
        name: 'one',
        program: process.execPath,
        args: [
          '-e',
          `require('node:fs').writeFileSync(${JSON.stringify(join(root, 'started'))}, 'yes'); setInterval(() => {}, 1000)`,
        ],
        env: {},
        url: 'http://127.0.0.1:1',
        probe: 'http',
        version: '1',
      }
      writeFileSync(`${stack.servicesFile}.new`, JSON.stringify([service]))
      renameSync(`${stack.servicesFile}.new`, stack.servicesFile)
      await vi.waitUntil(() => existsSync(join(root, 'started')), 60_000)
      await vi.waitUntil(() => stack.running?.services['one'], 60_000)
    } finally {
      closeSync(openSync(stack.servicesFile, 'r+')) // a writer may still wait for a reader
      child.kill('SIGTERM')
      await new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(undefined)))
      rmSync(root, { recursive: true, force: true })
    }
  },
)

/** Writes to a named pipe. A reader that has just read all may close it before it is written to, so it tries again. */
async function untilRead(pipe: string): Promise<void> {
  for (;;)
    try {
      return await writeFile(pipe, '?')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    }
}
